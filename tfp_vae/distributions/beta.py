"""A beta distribution with the same draws eagerly, in graphs and under XLA."""

import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import seeds
from tfp_vae.distributions import rejection

_SMALLEST = 1e-30


class Beta(tfd.Beta):
    """A `tfd.Beta` that draws the same numbers eagerly, in graphs and under XLA.

    A draw is a / (a + b) of two gamma draws a and b, computed from their logarithms; the gradient
    to both concentrations is the implicit one of Figurnov et al. (2018), "Implicit
    reparameterization gradients". A draw that rounding would take to 0 or 1, where there is no
    density, becomes 1e-30 or the largest number below 1. Draws and log-densities are computed in
    float64, since the terms of a log-density of large concentrations cancel.
    """

    def in_float64(self) -> tfd.Beta:
        """Returns TensorFlow Probability's distribution of the same parameters, in float64."""
        return tfd.Beta(
            tf.cast(self.concentration1, tf.float64), tf.cast(self.concentration0, tf.float64)
        )

    def _sample_n(self, n: tf.Tensor, seed: seeds.Seed = None) -> tf.Tensor:
        batch_shape = self.batch_shape_tensor()
        concentrations = tf.stack(
            [
                tf.broadcast_to(each, batch_shape)
                for each in (self.concentration1, self.concentration0)
            ]
        )
        shape = tf.concat([[2], tf.reshape(n, [1]), batch_shape], axis=0)
        of_one, of_zero = tf.unstack(
            rejection.reparameterized_log_gamma(
                shape, concentrations[:, tf.newaxis], seeds.as_seed(seed)
            ),
            num=2,
        )
        draws = tf.cast(tf.math.sigmoid(of_one - of_zero), self.dtype)
        below_one = np.nextafter(np.ones([], draws.dtype.as_numpy_dtype), 0)
        return tf.clip_by_value(draws, _SMALLEST, below_one)

    def _log_prob(self, x: tf.Tensor) -> tf.Tensor:
        return tf.cast(self.in_float64().log_prob(tf.cast(x, tf.float64)), self.dtype)
