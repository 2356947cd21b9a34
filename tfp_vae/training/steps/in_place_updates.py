"""Gradients that wait for one another, so that XLA updates the weights where they lie.

A weight may be overwritten once nothing reads it any more. Of a step XLA does not see that: the
gradient of a layer's inputs reads its kernel, and is not needed for the kernel's own update. So at
every step it copies the weights, which takes a seventh of a step of a small network at batches of
20. An update that needs a number of every gradient comes after all that reads a weight.
"""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf


def waiting_for_all(gradients: Sequence[Any]) -> list[Any]:
    """Returns gradients of the same values, each of which needs all to be computed.

    Each is multiplied by a 1 that is computed from one number of every gradient, and is 0 where
    such a number is not finite; what is not finite itself is not so afterwards either.

    Args:
      gradients: That of every weight: dense, in slices, or None. What is not dense stays as it is.
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
