"""Turning of vectors around the first axis to another direction."""

import tensorflow as tf


def turned(vectors: tf.Tensor, direction: tf.Tensor) -> tf.Tensor:
    """Returns vectors around the first axis as vectors around a direction.

    A reflection takes the first axis to the direction or to its opposite, whichever is farther
    away, so that the vector to reflect along is never near zero.

    Args:
      vectors: `[..., L]`.
      direction: Of length 1, `[..., L]`, of a shape that broadcasts to that of `vectors`.
    """
    side = tf.cast(tf.where(direction[..., :1] >= 0.0, 1.0, -1.0), direction.dtype)
    axis = tf.concat([1.0 + side * direction[..., :1], side * direction[..., 1:]], axis=-1)
    axis /= tf.norm(axis, axis=-1, keepdims=True)
    along = tf.reduce_sum(vectors * axis, axis=-1, keepdims=True)
    return side * (2.0 * along * axis - vectors)
