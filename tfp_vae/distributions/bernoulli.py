"""A Bernoulli distribution with a cheaper log-probability and the same draws under XLA."""

import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import seeds, stateless_random


class Bernoulli(tfd.Bernoulli):
    """A `tfd.Bernoulli` whose log-probability is the negative sigmoid cross-entropy.

    TensorFlow Probability weighs log p(0) and log p(1) by the value. The cross-entropy,
    softplus(logits) - x·logits, is equal, for fractions between 0 and 1 too, to within one float32
    rounding of 1, 6e-8 nats, and takes half the work. Draws are the same eagerly, in graphs and
    under XLA. Everything else, and the log-probability of a distribution made of `probs` rather
    than `logits`, is TensorFlow Probability's.
    """

    def _sample_n(self, n: tf.Tensor, seed: seeds.Seed = None) -> tf.Tensor:
        probs = self.probs_parameter()
        shape = tf.concat([tf.reshape(n, [1]), tf.shape(probs)], axis=0)
        uniform = stateless_random.uniform(shape, seeds.as_seed(seed), probs.dtype)
        return tf.cast(uniform < probs, self.dtype)

    def _log_prob(self, event: tf.Tensor) -> tf.Tensor:
        if self.logits is None:
            return super()._log_prob(event)
        logits = tf.convert_to_tensor(self.logits)
        event = tf.cast(event, logits.dtype)
        shape = tf.broadcast_dynamic_shape(tf.shape(event), tf.shape(logits))
        # As matrices, the shape in which logits leave a network: if they have a sample axis, XLA
        # otherwise computes their gradient twice, for the kernel and for the bias.
        columns = logits.shape[-1] if logits.shape.rank else None
        as_matrix = [-1, columns or 1]
        cross_entropy = _cross_entropy(
            tf.reshape(tf.broadcast_to(event, shape), as_matrix),
            tf.reshape(tf.broadcast_to(logits, shape), as_matrix),
        )
        return tf.reshape(-cross_entropy, shape)


def _cross_entropy(x: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Returns softplus(logits) - x·logits.

    Both parts branch alike at 0, so that gradients of every order are right there too. XLA's log1p,
    exact for the smallest numbers, costs more than a plain logarithm.
    """
    positive = logits >= 0.0
    linear = tf.where(positive, logits, tf.zeros_like(logits)) - x * logits
    return linear + tf.math.log(1.0 + tf.exp(tf.where(positive, -logits, logits)))
