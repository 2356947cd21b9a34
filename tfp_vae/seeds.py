"""Stateless seeds: the same seed gives the same draw, eagerly, in a graph and under XLA."""

import contextlib
import random
from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np
import tensorflow as tf

from tfp_vae.stateless_random import random_words

Seed: TypeAlias = int | Sequence[int] | np.ndarray | tf.Tensor | None
"""An int, a `[2]` integer tensor, or None for a fresh seed from the global random state."""

EVALUATION = 0
"""The seed of what must come out the same at every call, such as the noise of `evaluate`."""


def as_seed(seed: Seed, name: str = "seed") -> tf.Tensor:
    """Returns `seed` as a stateless seed, an int32 tensor of shape `[2]`.

    Args:
      seed: An int, a `[2]` tensor of integers, or None. None draws a fresh seed from TensorFlow's
        global random state, which `keras.utils.set_random_seed` makes repeatable.
      name: What the caller calls this argument.

    Raises:
      TypeError: If `seed` is neither an integer nor a tensor of integers.
      ValueError: If a tensor has another shape than `[2]`, or an int does not fit in 64 bits.
    """
    if seed is None:
        return tf.random.uniform([2], minval=tf.int32.min, maxval=tf.int32.max, dtype=tf.int32)
    if isinstance(seed, (bool, np.bool_, float, str)):
        raise TypeError(
            f"`{name}` must be an int, a [2] integer tensor or None; got a {type(seed).__name__}."
        )
    if isinstance(seed, (int, np.integer)):
        if not -(2**63) <= int(seed) < 2**64:
            raise ValueError(f"`{name}` must be an int of at most 64 bits; got {seed}.")
        words = int(seed) % 2**64
        return tf.constant(np.array([words >> 32, words % 2**32], np.uint32).view(np.int32))
    try:
        tensor = tf.convert_to_tensor(seed)
    except Exception as error:
        # TensorFlow raises many kinds of errors for objects that it cannot convert.
        raise TypeError(
            f"`{name}` must be an int, a [2] integer tensor or None; got a {type(seed).__name__}."
        ) from error
    if not tensor.dtype.is_integer:
        raise TypeError(
            f"`{name}` must be an int, a [2] integer tensor or None; got a tensor of "
            f"{tensor.dtype.name}."
        )
    if tensor.shape != [2]:
        raise ValueError(
            f"`{name}` must be an int, a [2] integer tensor or None; got a tensor of shape "
            f"{tensor.shape}."
        )
    return tf.cast(tensor, tf.int32)


def fold_in(seed: tf.Tensor, number: int | tf.Tensor) -> tf.Tensor:
    """Returns seed `number`, an integer scalar, of the sequence that `seed` begins."""
    first, second = random_words(seed, tf.reshape(tf.cast(number, tf.uint32), [1]))
    return tf.bitcast(tf.concat([first, second], axis=0), tf.int32)


def independent_seed(seed: tf.Tensor) -> tf.Tensor:
    """Returns a seed that is independent of `seed` and of all seeds that `split` makes of it.

    It is for a second draw where `seed` itself goes to a distribution, which may split it.
    """
    return fold_in(seed, 2**32 - 1)


def split(seed: tf.Tensor, count: int) -> list[tf.Tensor]:
    """Returns `count` seeds that are independent of one another."""
    return [fold_in(seed, 2**31 + index) for index in range(count)]


@contextlib.contextmanager
def keras_seeded(seed: int = 0) -> Iterator[None]:
    """Seeds the initializers and seed generators that Keras makes inside the block.

    Keras takes the seed of every initializer and generator that is given none from Python's
    `random` module, whose state is restored afterwards.
    """
    state = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)
