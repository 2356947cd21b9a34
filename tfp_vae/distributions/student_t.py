"""A Student's t distribution with the same draws eagerly, in graphs and under XLA."""

import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import seeds, stateless_random


class StudentT(tfd.StudentT):
    """A `tfd.StudentT` that draws the same numbers eagerly, in graphs and under XLA.

    A draw is a function of two uniform numbers, √(d (u^(-2/d) - 1)) cos 2πw for d
    degrees of freedom (Bailey 1994, "Polar generation of random variates with the t-distribution").
    Its mean is broadcast by arithmetic, not by shapes, which ONNX lacks. Everything else is
    TensorFlow Probability's.
    """

    def _mean(self) -> tf.Tensor:
        if not self.allow_nan_stats:
            return super()._mean()
        undefined = tf.constant(np.nan, self.dtype)
        return tf.where(self.df > 1.0, self.loc + tf.zeros_like(self.scale), undefined)

    def _sample_n(self, n: tf.Tensor, seed: seeds.Seed = None) -> tf.Tensor:
        shape = tf.concat([tf.reshape(n, [1]), self.batch_shape_tensor()], axis=0)
        radius_seed, angle_seed = seeds.split(seeds.as_seed(seed), 2)
        log_u = tf.math.log(stateless_random.uniform(shape, radius_seed, self.dtype))
        angle = 2.0 * np.pi * stateless_random.uniform(shape, angle_seed, self.dtype)
        radius = tf.sqrt(self.df * tf.math.expm1(-2.0 / self.df * log_u))
        return self.loc + self.scale * radius * tf.cos(angle)
