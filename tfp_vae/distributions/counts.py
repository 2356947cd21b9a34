"""Count distributions with the same draws eagerly, in graphs and under XLA."""

import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import seeds, stateless_random
from tfp_vae.distributions import rejection


class Poisson(tfd.Poisson):
    """A `tfd.Poisson` that draws the same counts eagerly, in graphs and under XLA."""

    def _sample_n(self, n: tf.Tensor, seed: seeds.Seed = None) -> tf.Tensor:
        rate = self.rate_parameter()
        shape = tf.concat([tf.reshape(n, [1]), tf.shape(rate)], axis=0)
        return tf.cast(rejection.poisson(shape, rate, seeds.as_seed(seed)), self.dtype)


class NegativeBinomial(tfd.NegativeBinomial):
    """A `tfd.NegativeBinomial` that draws the same counts eagerly, in graphs and under XLA.

    A draw is a Poisson count whose rate is a gamma draw.
    """

    def _sample_n(self, n: tf.Tensor, seed: seeds.Seed = None) -> tf.Tensor:
        gamma_seed, poisson_seed = seeds.split(seeds.as_seed(seed), 2)
        shape = tf.concat([tf.reshape(n, [1]), self.batch_shape_tensor()], axis=0)
        log_gamma = rejection.log_gamma(shape, self.total_count, gamma_seed)
        rate = tf.exp(log_gamma + tf.cast(self.logits_parameter(), tf.float64))
        return tf.cast(rejection.poisson(shape, rate, poisson_seed), self.dtype)


class ZeroInflatedNegativeBinomial(tfd.ZeroInflatedNegativeBinomial):
    """A `tfd.ZeroInflatedNegativeBinomial` with the same draws eagerly, in graphs and under XLA.

    Its mean is broadcast by arithmetic, not by shapes, which ONNX lacks.
    """

    def _mean(self) -> tf.Tensor:
        return self.cat.probs_parameter()[..., 1] * self.distribution.mean()

    def _sample_n(self, n: tf.Tensor, seed: seeds.Seed = None) -> tf.Tensor:
        zero_seed, count_seed = seeds.split(seeds.as_seed(seed), 2)
        counts = self.distribution.sample(n, seed=count_seed)
        uniform = stateless_random.uniform(tf.shape(counts), zero_seed, self.dtype)
        is_zero = uniform < self.cat.probs_parameter()[..., 0]
        return tf.where(is_zero, tf.zeros_like(counts), counts)
