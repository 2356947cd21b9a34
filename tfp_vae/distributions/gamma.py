"""A gamma distribution with the same draws eagerly, in graphs and under XLA."""

import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import seeds
from tfp_vae.distributions import rejection


class Gamma(tfd.Gamma):
    """A `tfd.Gamma` that draws the same numbers eagerly, in graphs and under XLA.

    A draw too small for its dtype becomes the smallest normal number, as in TensorFlow Probability,
    since 0 has no density. Everything else is TensorFlow Probability's.
    """

    def in_float64(self) -> tfd.Gamma:
        """Returns TensorFlow Probability's distribution of the same parameters, in float64."""
        return tfd.Gamma(
            tf.cast(self.concentration, tf.float64),
            log_rate=tf.cast(self._log_rate_parameter(), tf.float64),
        )

    def _sample_n(self, n: tf.Tensor, seed: seeds.Seed = None) -> tf.Tensor:
        shape = tf.concat([tf.reshape(n, [1]), self.batch_shape_tensor()], axis=0)
        number = rejection.gamma(shape, self.concentration, seeds.as_seed(seed))
        log_rate = tf.cast(self._log_rate_parameter(), tf.float64)
        scaled = tf.cast(number * tf.exp(-log_rate), self.dtype)
        return tf.maximum(scaled, np.finfo(tf.as_dtype(self.dtype).as_numpy_dtype).tiny)
