"""Shapes of samples, batches and events."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tfp_vae.error_text import described

LARGEST_SIZE = 2**31 - 1
"""The largest number of elements that an axis, or a whole row, may have."""


def as_shape(shape: Any, name: str) -> tuple[int, ...]:
    """Returns `shape` as a tuple of positive ints.

    Raises:
      TypeError: If `shape` is not a sequence of integers.
      ValueError: If a size is not positive, there is none, or they are too many elements.
    """
    wanted = f"`{name}` must be a list of positive ints, such as [784]"
    is_unknown = isinstance(shape, tf.TensorShape) and not shape.is_fully_defined()
    is_text = isinstance(shape, (str, bytes, bytearray, memoryview))
    if is_text or is_unknown or not isinstance(shape, (Sequence, tf.TensorShape)):
        raise TypeError(f"{wanted}; got {described(shape)}.")
    for size in shape:
        if isinstance(size, (bool, np.bool_)) or not isinstance(size, (int, np.integer)):
            raise TypeError(f"{wanted}; got {described(list(shape))}.")
    sizes = tuple(int(size) for size in shape)
    if not sizes or min(sizes) < 1:
        raise ValueError(f"{wanted}; got {list(sizes)!r}.")
    if size_of(sizes) > LARGEST_SIZE:
        raise ValueError(f"{wanted}, of at most {LARGEST_SIZE} elements; got {list(sizes)!r}.")
    return sizes


def size_of(shape: Sequence[int]) -> int:
    """Returns the number of elements in `shape`."""
    return math.prod(shape)


def written(*sizes: int | str | None) -> str:
    """Returns a shape as it stands in an error, such as "[batch, 784]"."""
    return "[" + ", ".join("?" if size is None else str(size) for size in sizes) + "]"


def flatten_leading(
    tensor: tf.Tensor, event_rank: int
) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
    """Merges all axes before the event into one, and says how to bring them back.

    Args:
      tensor: A tensor of shape `[..., *event]`.
      event_rank: How many axes the event has.

    Returns:
      The tensor as `[N, *event]`, and a function which turns any tensor `[N, *other]` into
      `[..., *other]`.
    """
    leading_rank = tensor.shape.rank - event_rank
    if leading_rank == 1:
        return tensor, lambda other: other
    leading_static = tensor.shape[:leading_rank]
    leading = tf.shape(tensor)[:leading_rank]
    event = tensor.shape[leading_rank:].as_list()
    flat = tf.reshape(tensor, [-1, *event])

    def restore(other: tf.Tensor) -> tf.Tensor:
        restored = tf.reshape(other, tf.concat([leading, tf.shape(other)[1:]], axis=0))
        restored.set_shape(leading_static.concatenate(other.shape[1:]))
        return restored

    return flat, restore
