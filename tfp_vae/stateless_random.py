"""Random numbers that come out the same eagerly, in a graph and under XLA.

TensorFlow's own stateless generators give other numbers under XLA than outside it, and under XLA
on a CPU they cost more than the matrix products of a small network. This is the counter-based
generator Threefry-2x32 with 20 rounds (Salmon et al. 2011, "Parallel random numbers: as easy as
1, 2, 3"), written with integer operations that XLA fuses into what uses the numbers.
"""

from typing import Any

import numpy as np
import tensorflow as tf

from tfp_vae import replica_context

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_PARITY = 0x1BD11BDA


def random_words(
    seed: tf.Tensor, counters: tf.Tensor, first_counter: Any = 0
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns two random uint32 tensors, each of the shape of `counters`.

    Args:
      seed: A stateless seed, `[2]` of 32-bit integers: the key.
      counters: A uint32 tensor, the second word of every counter; equal counters give equal words.
      first_counter: The first word of all counters, an int or an integer scalar.
    """
    key = tf.bitcast(seed, tf.uint32)
    parity = tf.bitwise.bitwise_xor(
        tf.bitwise.bitwise_xor(key[0], key[1]), tf.constant(_PARITY, tf.uint32)
    )
    keys = (key[0], key[1], parity)
    first = tf.fill(tf.shape(counters), tf.cast(first_counter, tf.uint32)) + keys[0]
    second = counters + keys[1]
    for group in range(1, 6):
        for rotation in _ROTATIONS[(group - 1) % 2]:
            first = first + second
            second = tf.bitwise.bitwise_xor(_rotate_left(second, rotation), first)
        first = first + keys[group % 3]
        second = second + keys[(group + 1) % 3] + tf.constant(group, tf.uint32)
    return first, second


def uniform(
    shape: Any, seed: tf.Tensor, dtype: Any = tf.float32, row_axis: int | None = None
) -> tf.Tensor:
    """Returns numbers uniform on the open interval (0, 1).

    Args:
      shape: The shape, a list or an integer tensor, of fewer than 2**31 numbers.
      seed: A stateless seed, `[2]` of 32-bit integers.
      dtype: float32 or float64; 23 or 52 random bits.
      row_axis: The axis of the rows of a batch, or None if there is none. On a replica with a share
        of the batch, the numbers are then those of its rows in the whole batch; without a row axis
        they are other ones on every replica.
    """
    shape = tf.convert_to_tensor(shape, tf.int32) if not tf.is_tensor(shape) else shape
    share = replica_context.current()
    if row_axis is None:
        seed = seed_of_replica(seed)
    if share is None or row_axis is None:
        size = tf.reduce_prod(shape)
        counters = _counters(size)
    else:
        size, counters = _counters_of_share(shape, row_axis, share)
    if tf.as_dtype(dtype) == tf.float64:
        first, second = random_words(seed, counters)
        high = tf.cast(tf.bitwise.right_shift(first, tf.constant(6, tf.uint32)), tf.float64)
        low = tf.cast(tf.bitwise.right_shift(second, tf.constant(6, tf.uint32)), tf.float64)
        return tf.reshape((high * 2.0**26 + low + 0.5) * 2.0**-52, shape)
    half = (size + 1) // 2
    if share is None or row_axis is None:
        first, second = random_words(seed, _counters(half))
        words = tf.concat([first, second], axis=0)[:size]
    else:
        in_first = counters < tf.cast(half, tf.uint32)
        first, second = random_words(
            seed, tf.where(in_first, counters, counters - tf.cast(half, tf.uint32))
        )
        words = tf.where(in_first, first, second)
    bits = tf.cast(tf.bitwise.right_shift(words, tf.constant(9, tf.uint32)), tf.float32)
    return tf.reshape(tf.cast((bits + 0.5) * 2.0**-23, dtype), shape)


def normal(
    shape: Any, seed: tf.Tensor, dtype: Any = tf.float32, row_axis: int | None = None
) -> tf.Tensor:
    """Returns standard normal numbers, by the inverse of the distribution function.

    Args:
      shape: The shape, a list or an integer tensor, of fewer than 2**31 numbers.
      seed: A stateless seed, `[2]` of 32-bit integers.
      dtype: float32 or float64.
      row_axis: The axis of the rows of a batch, as in `uniform`.
    """
    return np.sqrt(2.0) * tf.math.erfinv(2.0 * uniform(shape, seed, dtype, row_axis) - 1.0)


def seed_of_replica(seed: tf.Tensor) -> tf.Tensor:
    """Returns a seed that is another one on every replica with a share of the batch."""
    share = replica_context.current()
    if share is None:
        return seed
    return tf.bitcast(tf.stack(random_words(seed, tf.cast(share.first_row, tf.uint32))), tf.int32)


def uniform_pair(shape: Any, seed: tf.Tensor, number: Any) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns two independent arrays uniform on (0, 1), of float64 with 32 random bits.

    It is one call of the generator, with no seed to derive: cheap enough for the body of a loop,
    where XLA would take minutes to compile a chain of them.

    Args:
      shape: The shape of each, an integer tensor, of fewer than 2**31 numbers.
      seed: A stateless seed, `[2]` of 32-bit integers, that nothing else draws from.
      number: Which pair of the sequence that `seed` begins, an integer scalar.
    """
    words = random_words(seed, _counters(tf.reduce_prod(shape)), number)
    first, second = (
        tf.reshape((tf.cast(word, tf.float64) + 0.5) * 2.0**-32, shape) for word in words
    )
    return first, second


def _counters(count: tf.Tensor) -> tf.Tensor:
    return tf.cast(tf.range(count), tf.uint32)


def _counters_of_share(
    shape: tf.Tensor, row_axis: int, share: replica_context.Share
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns how many numbers the whole batch takes, and the counters of those of a share."""
    axis = row_axis % shape.shape[0]
    before, rows = tf.reduce_prod(shape[:axis]), shape[axis]
    after = tf.reduce_prod(shape[axis + 1 :])
    all_rows = tf.cast(share.batch_rows, shape.dtype)
    row_numbers = tf.cast(share.first_row, shape.dtype) + tf.range(rows)
    numbers = tf.range(before)[:, None] * all_rows + row_numbers
    numbers = numbers[..., None] * after + tf.range(after)
    return before * all_rows * after, tf.cast(tf.reshape(numbers, [-1]), tf.uint32)


def _rotate_left(word: tf.Tensor, bits: int) -> tf.Tensor:
    left = tf.bitwise.left_shift(word, tf.constant(bits, tf.uint32))
    right = tf.bitwise.right_shift(word, tf.constant(32 - bits, tf.uint32))
    return tf.bitwise.bitwise_or(left, right)
