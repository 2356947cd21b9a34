"""Drops views of rows at random, for training on subsets of views."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from tfp_vae import checks, seeds, stateless_random

_VIEW_DROPOUT = 2
"""Which of the seeds of a batch is that of the views dropped; the first is the corruption's."""


def checked_view_dropout(rate: Any, missing_values: float | None) -> float:
    """Returns `view_dropout` as a number.

    Raises:
      TypeError: If it is no number.
      ValueError: If it is not from 0 to 1, or above 0 where nothing may be missing.
    """
    rate = checks.finite_number(rate, "view_dropout", minimum=0.0)
    if rate > 1.0:
        raise ValueError(f"`view_dropout` must be at most 1; got {rate:g}.")
    if rate and missing_values is None:
        raise ValueError(
            "`view_dropout` must be 0 without `missing_values`, since views that are dropped are "
            f"missing; got {rate:g}."
        )
    return float(rate)


def with_views_dropped(
    x: tf.Tensor, sizes: Mapping[str, int], rate: float, code: float, seed: seeds.Seed
) -> tf.Tensor:
    """Returns rows with views missing: one of each row stays, and each other one is dropped or not.

    Args:
      x: Rows, `[B, values of all views]`, of floating numbers.
      sizes: The number of values of every view, in order.
      rate: The probability that a view other than the one that stays is dropped.
      code: The code of a missing value.
      seed: The seed of the batch, from which a preprocess layer may draw, too.
    """
    count, views = tf.shape(x)[0], len(sizes)
    stay_seed, drop_seed = seeds.split(seeds.fold_in(seeds.as_seed(seed), _VIEW_DROPOUT), 2)
    place = stateless_random.uniform([count, 1], stay_seed, x.dtype, row_axis=0)
    stays = tf.cast(place * views, tf.int32) == tf.range(views)
    noise = stateless_random.uniform([count, views], drop_seed, x.dtype, row_axis=0)
    kept = stays | (noise >= rate)
    of_values = tf.gather(kept, np.repeat(np.arange(views), list(sizes.values())), axis=1)
    return tf.where(of_values, x, tf.cast(code, x.dtype))
