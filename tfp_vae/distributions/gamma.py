"""A gamma distribution whose draws do not depend on how TensorFlow runs."""

from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import seeds
from tfp_vae.distributions import rejection


class Gamma(tfd.Gamma):
    """A `tfd.Gamma` that draws the same numbers eagerly, in graphs and under XLA.

    A number too small for its type comes out as the smallest normal one, as TensorFlow
    Probability's does, since 0 has no density. Everything else is TensorFlow Probability's.
    """

    def _sample_n(self, n: Any, seed: Any = None) -> tf.Tensor:
        shape = tf.concat([tf.reshape(n, [1]), self.batch_shape_tensor()], axis=0)
        number = rejection.gamma(shape, self.concentration, seeds.as_seed(seed))
        log_rate = tf.cast(self._log_rate_parameter(), tf.float64)
        scaled = tf.cast(number * tf.exp(-log_rate), self.dtype)
        return tf.maximum(scaled, np.finfo(tf.as_dtype(self.dtype).as_numpy_dtype).tiny)
