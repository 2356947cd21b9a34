"""The von Mises-Fisher distribution on a sphere of any dimension, reparameterised."""

import math
from typing import Any

import tensorflow as tf
import tensorflow_probability as tfp
from tensorflow_probability import distributions as tfd

from tfp_vae import seeds, stateless_random
from tfp_vae.distributions import cosines, turning
from tfp_vae.distributions.draws import DrawsFromNoise


class VonMisesFisher(DrawsFromNoise, tfd.VonMisesFisher):
    """A `tfd.VonMisesFisher` that draws the same eagerly, in graphs and under XLA.

    The density at a unit vector z is proportional to exp(κ μᵀz). A draw is cos θ along the mean
    direction μ and sin θ along a uniform direction across it. Unlike TensorFlow Probability's it
    has a gradient to both parameters in all dimensions, by `distributions.cosines`. The normalising
    constant and the moments are computed in float64, from Bessel functions; a concentration of 0 is
    taken as 1e-6.

    Args:
      mean_direction: μ, unit vectors `[..., L]`.
      concentration: κ of at least 0, `[...]`.
      **kwargs: The other arguments of `tfd.VonMisesFisher`.
    """

    def __init__(self, mean_direction: tf.Tensor, concentration: tf.Tensor, **kwargs: Any) -> None:
        super().__init__(mean_direction, concentration, **kwargs)
        self._reparameterization_type = tfd.FULLY_REPARAMETERIZED

    @property
    def concentration64(self) -> tf.Tensor:
        """The concentration in float64, at least 1e-6."""
        return tf.maximum(tf.cast(self.concentration, tf.float64), cosines.LEAST_CONCENTRATION)

    def mean_cosine(self) -> tf.Tensor:
        """Returns the mean of μᵀz, in float64, `[...]`."""
        return cosines.mean_cosine(self.concentration64, self.event_shape[-1])

    def log_normalization_at_mode(self) -> tf.Tensor:
        """Returns minus the log-density at the mean direction, in float64, `[...]`.

        It is log N - κ with N = (2π)^(L/2) I_(L/2 - 1)(κ) κ^(1 - L/2), the integral of exp(κ μᵀz).
        """
        half, concentration = self.event_shape[-1] / 2, self.concentration64
        return (
            half * math.log(2.0 * math.pi)
            + tfp.math.log_bessel_ive(tf.constant(half - 1.0, tf.float64), concentration)
            - (half - 1.0) * tf.math.log(concentration)
        )

    def _log_prob(self, x: tf.Tensor) -> tf.Tensor:
        cosine = tf.reduce_sum(x * self.mean_direction, axis=-1)
        at_mode = tf.cast(self.log_normalization_at_mode(), self.dtype)
        return self.concentration * (cosine - 1.0) - at_mode

    def _draw(self, sample_shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        gap_seed, normal_seed = seeds.split(seed, 2)
        shape = self._shape_of_draws(sample_shape)
        across = stateless_random.normal(
            tf.concat([shape[:-1], shape[-1:] - 1], 0),
            normal_seed,
            self.dtype,
            row_axis=-2 if self.batch_shape.rank else None,
        )
        gap = cosines.gaps(shape[:-1], self.concentration, self.event_shape[-1], gap_seed)
        height = tf.cast(1.0 - gap, self.dtype)[..., tf.newaxis]
        width = tf.cast(tf.sqrt(gap * (2.0 - gap)), self.dtype)[..., tf.newaxis]
        across *= width / tf.norm(across, axis=-1, keepdims=True)
        return turning.turned(tf.concat([height, across], axis=-1), self.mean_direction)

    def _mean(self) -> tf.Tensor:
        return tf.cast(self.mean_cosine(), self.dtype)[..., tf.newaxis] * self.mean_direction

    def _covariance(self) -> tf.Tensor:
        """Returns (A/κ) I + (1 - L A/κ - A²) μμᵀ, where A is the mean cosine."""
        cosine, size = self.mean_cosine(), self.event_shape[-1]
        across = cosine / self.concentration64
        along = 1.0 - size * across - cosine**2
        direction = self.mean_direction
        product = direction[..., :, tf.newaxis] * direction[..., tf.newaxis, :]
        across, along = (
            tf.cast(each, self.dtype)[..., tf.newaxis, tf.newaxis] for each in (across, along)
        )
        return across * tf.eye(size, dtype=self.dtype) + along * product

    def _variance(self) -> tf.Tensor:
        return tf.linalg.diag_part(self._covariance())
