"""A Laplace distribution with the same draws eagerly, in graphs and under XLA."""

import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import seeds, stateless_random


class Laplace(tfd.Laplace):
    """A `tfd.Laplace` that draws the same numbers eagerly, in graphs and under XLA.

    A draw is the quantile of a uniform number. Its mean is broadcast by arithmetic, not by shapes,
    which ONNX lacks. Everything else is TensorFlow Probability's.
    """

    def _mean(self) -> tf.Tensor:
        return self.loc + tf.zeros_like(self.scale)

    def _sample_n(self, n: tf.Tensor, seed: seeds.Seed = None) -> tf.Tensor:
        shape = tf.concat([tf.reshape(n, [1]), self.batch_shape_tensor()], axis=0)
        centred = stateless_random.uniform(shape, seeds.as_seed(seed), self.dtype) - 0.5
        magnitude = -tf.math.log1p(-2.0 * tf.abs(centred))
        return self.loc + self.scale * tf.sign(centred) * magnitude
