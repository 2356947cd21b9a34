"""Random numbers that are the same eagerly, in a graph, under XLA and on any number of replicas.

For one seed, TensorFlow's stateless generators draw other numbers under XLA than outside it, where
`alg="threefry"` raises an error on a CPU; and they know no rows, so that a replica would have to
draw the whole global batch to get the noise of its own rows. This is the counter-based generator
Threefry-2x32 with 20 rounds (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"), in
integer operations that XLA fuses with what uses the numbers. A number depends on the seed and its
place in the global batch alone.

Its cost, and that of `tf.random.stateless_normal` and `stateless_uniform` by `alg`, in milliseconds
of CPU time for float32 (TensorFlow 2.21, AMD EPYC, two cores; medians of 31 repeats, with the 10 %
and 90 % quantiles in brackets):

=====  ===========  =================  ==================  =================  ===================
run    generator    normal [100, 50]   normal [1000, 784]  uniform [100, 50]  uniform [1000, 784]
=====  ===========  =================  ==================  =================  ===================
XLA    this module  0.33 [0.32, 0.34]  3.7 [3.7, 3.8]      0.32 [0.31, 0.33]  1.5 [1.5, 1.5]
XLA    auto_select  2.5 [2.5, 2.6]     340 [340, 350]      2.6 [2.5, 2.7]     340 [340, 340]
XLA    philox       0.36 [0.35, 0.37]  11 [11, 11]         0.33 [0.32, 0.36]  2.6 [2.5, 2.6]
XLA    threefry     0.35 [0.33, 0.39]  9.6 [9.5, 10]       0.32 [0.31, 0.36]  1.5 [1.5, 1.7]
eager  this module  1.3 [1.3, 1.4]     21 [21, 23]         1.2 [1.2, 2.0]     15 [14, 15]
eager  auto_select  0.25 [0.24, 0.26]  9.8 [9.7, 9.9]      0.17 [0.16, 0.18]  4.2 [4.2, 4.3]
eager  philox       1.4 [1.3, 1.5]     11 [11, 12]         1.3 [1.2, 1.3]     5.5 [5.4, 5.6]
=====  ===========  =================  ==================  =================  ===================

Under XLA, with which `fit` compiles by default, it costs about as much as the cheapest of them, or
half; eagerly it costs 2 to 7 times as much as the default.
"""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import tensorflow as tf

from tfp_vae import replica_context

Shape: TypeAlias = Sequence[int] | tf.TensorShape | tf.Tensor
"""A list of ints or an integer tensor `[rank]`."""

DType: TypeAlias = str | tf.DType
"""float32 or float64."""

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_PARITY = 0x1BD11BDA


def random_words(
    seed: tf.Tensor, counters: tf.Tensor, first_counter: int | tf.Tensor = 0
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns two random uint32 tensors, each of the shape of `counters`.

    Args:
      seed: A stateless seed, `[2]` of 32-bit integers: the key.
      counters: A uint32 tensor, the second word of every counter; equal counters give equal words.
      first_counter: The first word of all counters, an int or an integer scalar.
    """
    first, second = _threefry(
        tf.bitcast(seed, tf.uint32), tf.cast(first_counter, tf.uint32), counters
    )
    return tf.ensure_shape(first, counters.shape), tf.ensure_shape(second, counters.shape)


def uniform(
    shape: Shape, seed: tf.Tensor, dtype: DType = tf.float32, row_axis: int | None = None
) -> tf.Tensor:
    """Returns numbers uniform on the open interval (0, 1).

    Args:
      shape: The shape, a list or an integer tensor, of fewer than 2**31 numbers.
      seed: A stateless seed, `[2]` of 32-bit integers.
      dtype: float32 or float64; 23 or 52 random bits.
      row_axis: The axis of the rows of a batch, or None if there is none. On a replica with a shard
        of the batch, the numbers are then those of its rows in the global batch; without a row axis
        every replica draws other numbers.
    """
    shape = shape if tf.is_tensor(shape) else tf.convert_to_tensor(shape, tf.int32)
    size, places = tf.reduce_prod(shape), None
    shard = replica_context.current_shard()
    if row_axis is None:
        seed = seed_of_replica(seed)
    elif shard is not None:
        size, places = _places_in_global_batch(shape, row_axis, shard)
    if tf.as_dtype(dtype) == tf.float64:
        numbers = _float64_numbers(seed, _range(size) if places is None else places)
    else:
        numbers = tf.cast(_float32_numbers(seed, size, places), dtype)
    return tf.reshape(numbers, shape)


def normal(
    shape: Shape, seed: tf.Tensor, dtype: DType = tf.float32, row_axis: int | None = None
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
    """Returns a seed that differs between replicas, each with a shard of the batch."""
    shard = replica_context.current_shard()
    if shard is None:
        return seed
    return tf.bitcast(tf.stack(random_words(seed, tf.cast(shard.first_row, tf.uint32))), tf.int32)


def uniform_pair(
    shape: Shape, seed: tf.Tensor, number: int | tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns two independent arrays uniform on (0, 1), of float64 with 32 random bits.

    It calls the generator once and derives no seed: cheap enough for the body of a loop, where XLA
    would take minutes to compile several calls.

    Args:
      shape: The shape of each, an integer tensor, of fewer than 2**31 numbers.
      seed: A stateless seed, `[2]` of 32-bit integers, that nothing else draws from.
      number: The index of the pair in the sequence that `seed` begins, an integer scalar.
    """
    words = random_words(seed, _range(tf.reduce_prod(shape)), number)
    first, second = (
        tf.reshape((tf.cast(word, tf.float64) + 0.5) * 2.0**-32, shape) for word in words
    )
    return first, second


def _float64_numbers(seed: tf.Tensor, places: tf.Tensor) -> tf.Tensor:
    """Returns the uniform numbers at some places of an array, each from both words of a counter."""
    unused_bits = tf.constant(6, tf.uint32)
    high, low = (
        tf.cast(tf.bitwise.right_shift(words, unused_bits), tf.float64)
        for words in random_words(seed, places)
    )
    return (high * 2.0**26 + low + 0.5) * 2.0**-52


def _float32_numbers(seed: tf.Tensor, size: tf.Tensor, places: tf.Tensor | None) -> tf.Tensor:
    """Returns the uniform numbers at some places of an array of `size`, or all if that is None.

    The first words of the counters make the first half of the array, the second words the second.
    """
    half = (size + 1) // 2
    if places is None:
        words = tf.concat(random_words(seed, _range(half)), axis=0)[:size]
    else:
        half = tf.cast(half, tf.uint32)
        is_first = places < half
        words = tf.where(is_first, *random_words(seed, tf.where(is_first, places, places - half)))
    bits = tf.cast(tf.bitwise.right_shift(words, tf.constant(9, tf.uint32)), tf.float32)
    return (bits + 0.5) * 2.0**-23


def _places_in_global_batch(
    shape: tf.Tensor, row_axis: int, shard: replica_context.BatchShard
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the number of values in the global batch, and the places of those of a shard."""
    axis = row_axis % shape.shape[0]
    before, rows = tf.reduce_prod(shape[:axis]), shape[axis]
    after = tf.reduce_prod(shape[axis + 1 :])
    all_rows = tf.cast(shard.global_batch_size, shape.dtype)
    row_numbers = tf.cast(shard.first_row, shape.dtype) + tf.range(rows)
    places = tf.range(before)[:, None] * all_rows + row_numbers
    places = places[..., None] * after + tf.range(after)
    return before * all_rows * after, tf.cast(tf.reshape(places, [-1]), tf.uint32)


def _range(count: tf.Tensor) -> tf.Tensor:
    return tf.cast(tf.range(count), tf.uint32)


@tf.function(
    input_signature=[
        tf.TensorSpec([2], tf.uint32),
        tf.TensorSpec([], tf.uint32),
        tf.TensorSpec(None, tf.uint32),
    ],
    autograph=False,
)
def _threefry(
    key: tf.Tensor, first_counter: tf.Tensor, counters: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns both words of every counter.

    It is traced once in a process: a model that is traced calls it many times, and its more than a
    hundred operations would be a fifth of the time before the first step of `fit`.
    """
    parity = tf.bitwise.bitwise_xor(
        tf.bitwise.bitwise_xor(key[0], key[1]), tf.constant(_PARITY, tf.uint32)
    )
    keys = (key[0], key[1], parity)
    first = tf.fill(tf.shape(counters), first_counter) + keys[0]
    second = counters + keys[1]
    for group in range(1, 6):
        for rotation in _ROTATIONS[(group - 1) % 2]:
            first = first + second
            second = tf.bitwise.bitwise_xor(_rotate_left(second, rotation), first)
        first = first + keys[group % 3]
        second = second + keys[(group + 1) % 3] + tf.constant(group, tf.uint32)
    return first, second


def _rotate_left(word: tf.Tensor, bits: int) -> tf.Tensor:
    left = tf.bitwise.left_shift(word, tf.constant(bits, tf.uint32))
    right = tf.bitwise.right_shift(word, tf.constant(32 - bits, tf.uint32))
    return tf.bitwise.bitwise_or(left, right)
