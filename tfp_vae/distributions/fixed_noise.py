"""Noise that is the same for every distribution, for moments without a closed form."""

import numpy as np
import tensorflow as tf


def opposite_pairs(draws: int, batch_rank: int, size: int, dtype: tf.DType) -> tf.Tensor:
    """Returns standard normal numbers, `[draws, 1, ..., size]`, each beside its opposite.

    Moments estimated from them are functions of the parameters alone: those of a row depend neither
    on its place nor on other rows.

    Args:
      draws: An even number.
      batch_rank: The number of axes of length 1.
      size: The number of variables of a draw.
      dtype: The dtype.
    """
    half = np.random.default_rng(0).normal(size=[draws // 2, size])
    noise = np.concatenate([half, -half]).reshape([draws, *[1] * batch_rank, size])
    return tf.constant(noise, dtype)
