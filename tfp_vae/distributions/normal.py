"""A normal distribution with the same draws eagerly, in graphs and under XLA."""

import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import seeds, stateless_random


class Normal(tfd.Normal):
    """A `tfd.Normal` that draws the same numbers eagerly, in graphs and under XLA.

    Everything but the random numbers is TensorFlow Probability's.
    """

    def _sample_n(self, n: tf.Tensor, seed: seeds.Seed = None) -> tf.Tensor:
        shape = tf.concat([tf.reshape(n, [1]), self.batch_shape_tensor()], axis=0)
        return self.loc + self.scale * stateless_random.normal(
            shape, seeds.as_seed(seed), self.dtype
        )
