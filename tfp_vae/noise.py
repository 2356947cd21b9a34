"""Random numbers that come out the same eagerly, in a graph and under XLA.

TensorFlow's own stateless generators give other numbers under XLA than outside it, and under XLA
on a CPU they cost more than the matrix products of a small network. This is the counter-based
generator Threefry-2x32 with 20 rounds (Salmon et al. 2011, "Parallel random numbers: as easy as
1, 2, 3"), written with integer operations that XLA fuses into what uses the numbers.
"""

from typing import Any

import numpy as np
import tensorflow as tf

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_PARITY = 0x1BD11BDA
_PROPOSALS = 16


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


def uniform(shape: Any, seed: tf.Tensor, dtype: Any = tf.float32) -> tf.Tensor:
    """Returns numbers uniform on the open interval (0, 1).

    Args:
      shape: The shape, a list or an integer tensor, of fewer than 2**31 numbers.
      seed: A stateless seed, `[2]` of 32-bit integers.
      dtype: float32 or float64; 23 or 52 random bits.
    """
    shape = tf.convert_to_tensor(shape, tf.int32) if not tf.is_tensor(shape) else shape
    size = tf.reduce_prod(shape)
    if tf.as_dtype(dtype) == tf.float64:
        first, second = random_words(seed, _counters(size))
        high = tf.cast(tf.bitwise.right_shift(first, tf.constant(6, tf.uint32)), tf.float64)
        low = tf.cast(tf.bitwise.right_shift(second, tf.constant(6, tf.uint32)), tf.float64)
        return tf.reshape((high * 2.0**26 + low + 0.5) * 2.0**-52, shape)
    first, second = random_words(seed, _counters((size + 1) // 2))
    words = tf.concat([first, second], axis=0)[:size]
    bits = tf.cast(tf.bitwise.right_shift(words, tf.constant(9, tf.uint32)), tf.float32)
    return tf.reshape(tf.cast((bits + 0.5) * 2.0**-23, dtype), shape)


def normal(shape: Any, seed: tf.Tensor, dtype: Any = tf.float32) -> tf.Tensor:
    """Returns standard normal numbers, by the inverse of the distribution function.

    Args:
      shape: The shape, a list or an integer tensor, of fewer than 2**31 numbers.
      seed: A stateless seed, `[2]` of 32-bit integers.
      dtype: float32 or float64.
    """
    return np.sqrt(2.0) * tf.math.erfinv(2.0 * uniform(shape, seed, dtype) - 1.0)


def gamma(shape: Any, concentration: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Returns gamma numbers of rate 1 in float64, with their gradient to the concentration.

    The numbers are those of Marsaglia & Tsang (2000), "A simple method for generating gamma
    variables": the first of a fixed count of proposals that is accepted. At a concentration of 1,
    where the fewest are, all are refused once in 10**21 draws. The gradient is the implicit one of
    Figurnov et al. (2018), "Implicit reparameterization gradients".

    Args:
      shape: The shape, an integer tensor or list.
      concentration: A float64 tensor of numbers from 1 up, that broadcasts to `shape`.
      seed: A stateless seed, `[2]` of 32-bit integers.
    """

    @tf.custom_gradient
    def drawn(concentration: tf.Tensor) -> tuple[tf.Tensor, Any]:
        number = _gamma_numbers(shape, concentration, seed)

        def gradient(upstream: tf.Tensor) -> tf.Tensor:
            return upstream * tf.raw_ops.RandomGammaGrad(alpha=concentration, sample=number)

        return number, gradient

    return drawn(tf.broadcast_to(concentration, shape))


def _gamma_numbers(shape: Any, concentration: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    shift = concentration - 1.0 / 3.0
    all_shape = tf.concat([[2 * _PROPOSALS], tf.cast(shape, tf.int32)], axis=0)
    first, second = tf.split(uniform(all_shape, seed, tf.float64), 2)
    proposal = np.sqrt(2.0) * tf.math.erfinv(2.0 * first - 1.0)
    root = 1.0 + proposal / tf.sqrt(9.0 * shift)
    positive = root > 0.0
    cube = tf.where(positive, root, tf.ones_like(root)) ** 3
    bound = 0.5 * proposal**2 + shift * (1.0 - cube + tf.math.log(cube))
    accepted = positive & (tf.math.log(second) < bound)
    chosen = tf.one_hot(tf.argmax(accepted, axis=0), _PROPOSALS, axis=0, dtype=tf.float64)
    return shift * tf.reduce_sum(chosen * cube, axis=0)


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


def _rotate_left(word: tf.Tensor, bits: int) -> tf.Tensor:
    left = tf.bitwise.left_shift(word, tf.constant(bits, tf.uint32))
    right = tf.bitwise.right_shift(word, tf.constant(32 - bits, tf.uint32))
    return tf.bitwise.bitwise_or(left, right)
