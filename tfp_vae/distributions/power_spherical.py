"""The power spherical distribution, with the same draws eagerly, in graphs and under XLA."""

import math

import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import seeds, stateless_random
from tfp_vae.distributions import rejection, turning
from tfp_vae.distributions.draws import DrawsFromNoise


class PowerSpherical(DrawsFromNoise, tfd.PowerSpherical):
    """A `tfd.PowerSpherical` that draws the same eagerly, in graphs and under XLA.

    A draw is t along the mean direction and sqrt(1 - t²) along a uniform direction across it,
    where (1 + t) / 2 is Beta((L - 1) / 2 + concentration, (L - 1) / 2): De Cao & Aziz (2020), "The
    power spherical distribution", algorithm 1. The beta draw is a / (a + b) of gamma draws a and b,
    where b, of concentration (L - 1) / 2, is half the squared length of the normal vector whose
    direction is the one across. What rounding would lose is computed in float64: a few numbers for
    each draw.
    """

    @property
    def half_size(self) -> float:
        """The second parameter of the Beta distribution, (L - 1) / 2."""
        size: int = self.event_shape[-1]
        return (size - 1) / 2

    def log_normalization(self) -> tf.Tensor:
        """Returns the logarithm of the density's normalising constant, in float64."""
        second = tf.constant(self.half_size, tf.float64)
        first = second + tf.cast(self.concentration, tf.float64)
        return (
            (first + second) * math.log(2.0)
            + second * math.log(math.pi)
            + tf.math.lgamma(first)
            - tf.math.lgamma(first + second)
        )

    def _log_prob(self, x: tf.Tensor) -> tf.Tensor:
        cosine = tf.reduce_sum(x * self.mean_direction, axis=-1)
        # The density is zero opposite the mean direction, where rounding may take a draw.
        cosine = tf.maximum(cosine, -1.0 + self.dtype.as_numpy_dtype(1e-6))
        return self.concentration * tf.math.log1p(cosine) - tf.cast(
            self.log_normalization(), self.dtype
        )

    def _draw(self, sample_shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        gamma_seed, normal_seed = seeds.split(seed, 2)
        shape = self._shape_of_draws(sample_shape)
        across = stateless_random.normal(
            tf.concat([shape[:-1], shape[-1:] - 1], 0),
            normal_seed,
            self.dtype,
            row_axis=-2 if self.batch_shape.rank else None,
        )
        squared = tf.reduce_sum(tf.square(across), axis=-1)
        below = 0.5 * tf.cast(squared, tf.float64)
        first = self.half_size + tf.cast(self.concentration, tf.float64)
        above = rejection.gamma(shape[:-1], first, gamma_seed)
        height = tf.cast((above - below) / (above + below), self.dtype)[..., None]
        width = tf.cast(2.0 * tf.sqrt(above * below) / (above + below), self.dtype)
        across *= (width * tf.math.rsqrt(squared))[..., None]
        return self._turned(tf.concat([height, across], axis=-1))

    def _turned(self, draws: tf.Tensor) -> tf.Tensor:
        """Turns draws around the first axis into draws around the mean direction."""
        return turning.turned(draws, self.mean_direction)

    def _variance(self) -> tf.Tensor:
        return tf.linalg.diag_part(self._covariance())
