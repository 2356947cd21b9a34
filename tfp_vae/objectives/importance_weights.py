"""Bounds on log p(x) from the weights of draws, w = p(x|z) p(z) / q(z|x)."""

import math

import tensorflow as tf


def importance_weighted_bound(log_weights: tf.Tensor) -> tf.Tensor:
    """Returns log (1/K) Σ w over the first axis, in nats, `[...]`.

    Args:
      log_weights: log w of K draws, `[K, ...]`.

    Source: Burda et al. (2015), "Importance weighted autoencoders", equation 8.
    """
    return tf.reduce_logsumexp(log_weights, axis=0) - math.log(log_weights.shape[0])


def split_draws(values: tf.Tensor, sizes: tuple[int, ...]) -> tf.Tensor:
    """Returns what belongs to draws, `[S, ...]`, with S split into several axes, `[*sizes, ...]`.

    Args:
      values: A value or more of every draw, `[S, ...]`.
      sizes: The sizes of the new axes, whose product is S.
    """
    split = tf.reshape(values, tf.concat([sizes, tf.shape(values)[1:]], axis=0))
    return tf.ensure_shape(split, [*sizes, *values.shape[1:]])
