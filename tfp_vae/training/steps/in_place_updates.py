"""Gradients with a data dependency on one another, so that XLA updates weights in place.

A weight can be overwritten only after its last read. The gradient of a layer's inputs reads its
kernel, but is not needed for the kernel's own update, so XLA cannot order the two and copies the
weights at every step: a seventh of a step of a small network at batches of 20. If every update
depends on a number of every gradient, all reads come first.
"""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf


def waiting_for_all(gradients: Sequence[Any]) -> list[Any]:
    """Returns gradients of the same values, each of which depends on all.

    Each is multiplied by a 1 computed from one number of every gradient, or by 0 if one of these is
    non-finite. A non-finite gradient stays non-finite.

    Args:
      gradients: The gradient of every weight; only dense tensors are changed.
    """
    dense = [each for each in gradients if isinstance(each, tf.Tensor)]
    if len(dense) < 2:
        return list(gradients)
    some = [tf.reshape(each, [-1])[:1] for each in dense]
    finite = tf.reduce_all(tf.concat([tf.math.is_finite(each) for each in some], axis=0))
    return [
        each * tf.cast(finite, each.dtype) if isinstance(each, tf.Tensor) else each
        for each in gradients
    ]
