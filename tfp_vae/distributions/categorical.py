"""A categorical distribution with the same draws eagerly, in graphs and under XLA."""

import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import seeds, stateless_random


class Categorical(tfd.Categorical):
    """A `tfd.Categorical` that draws the same codes eagerly, in graphs and under XLA.

    A draw is the class whose logit plus Gumbel noise is the largest. The mean, which TensorFlow
    Probability does not define, is that of the codes 0 to classes - 1 as numbers: it is meaningful
    only if their order is.
    """

    def _sample_n(self, n: tf.Tensor, seed: seeds.Seed = None) -> tf.Tensor:
        logits = self.logits_parameter()
        shape = tf.concat([tf.reshape(n, [1]), tf.shape(logits)], axis=0)
        uniform = stateless_random.uniform(shape, seeds.as_seed(seed), logits.dtype)
        gumbel = -tf.math.log(-tf.math.log(uniform))
        return tf.cast(tf.argmax(logits + gumbel, axis=-1), self.dtype)

    def _mean(self) -> tf.Tensor:
        probs = self.probs_parameter()
        codes = tf.range(probs.shape[-1], dtype=probs.dtype)
        return tf.linalg.matvec(probs, codes)
