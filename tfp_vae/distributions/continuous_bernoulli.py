"""A continuous Bernoulli distribution with the same draws eagerly, in graphs and under XLA."""

import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import seeds, stateless_random


class ContinuousBernoulli(tfd.ContinuousBernoulli):
    """A `tfd.ContinuousBernoulli` that draws the same numbers eagerly, in graphs and under XLA.

    A draw is the quantile of a uniform number. The mean 1 / (1 - exp(-λ)) - 1 / λ of logits λ is
    computed as 1/2 + coth(λ/2) / 2 - 1/λ, since ONNX lacks expm1; near 0, where the terms cancel,
    as the series 1/2 + λ/12 - λ³/720, the next term of which is λ⁵/30240. Everything else is
    TensorFlow Probability's.
    """

    def _mean(self, logits: tf.Tensor | None = None) -> tf.Tensor:
        logits = tf.convert_to_tensor(self.logits_parameter() if logits is None else logits)
        cutoff = (30240.0 * np.finfo(logits.dtype.as_numpy_dtype).eps) ** 0.2
        is_small = tf.abs(logits) < tf.cast(cutoff, logits.dtype)
        safe = tf.where(is_small, tf.ones_like(logits), logits)
        series = 0.5 + logits / 12.0 - logits**3 / 720.0
        return tf.where(is_small, series, 0.5 + 0.5 / tf.tanh(0.5 * safe) - 1.0 / safe)

    def _sample_n(self, n: tf.Tensor, seed: seeds.Seed = None) -> tf.Tensor:
        logits = self.logits_parameter()
        shape = tf.concat([tf.reshape(n, [1]), tf.shape(logits)], axis=0)
        uniform = stateless_random.uniform(shape, seeds.as_seed(seed), logits.dtype)
        return tf.cast(self.quantile(uniform), self.dtype)
