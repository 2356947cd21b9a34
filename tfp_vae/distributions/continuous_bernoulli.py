"""A continuous Bernoulli distribution with the same draws eagerly, in graphs and under XLA."""

import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import seeds, stateless_random


class ContinuousBernoulli(tfd.ContinuousBernoulli):
    """A `tfd.ContinuousBernoulli` that draws the same numbers eagerly, in graphs and under XLA.

    A draw is the quantile of a uniform number; everything else is TensorFlow Probability's.
    """

    def _sample_n(self, n: tf.Tensor, seed: seeds.Seed = None) -> tf.Tensor:
        logits = self.logits_parameter()
        shape = tf.concat([tf.reshape(n, [1]), tf.shape(logits)], axis=0)
        uniform = stateless_random.uniform(shape, seeds.as_seed(seed), logits.dtype)
        return tf.cast(self.quantile(uniform), self.dtype)
