"""The rows of training data from which weights are initialised."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

_ROWS_OF_AN_ARRAY = 10_000


def initial_rows(x: Any, count: int) -> np.ndarray | None:
    """Returns rows of data, at least `count` if there are as many, or None.

    Rows of an array are drawn at random, those of a dataset are its first batches. A generator
    gives None, since batches taken from it would be lost to training.

    Args:
      x: An array `[N, ...]`, or a dataset of batches.
      count: The number of rows wanted.
    """
    if isinstance(x, np.ndarray):
        order = np.random.default_rng(0).permutation(len(x))
        return x[order[: max(count, _ROWS_OF_AN_ARRAY)]]
    if not isinstance(x, tf.data.Dataset):
        return None
    batches: list[np.ndarray] = []
    for batch in x:
        batches.append(np.asarray(keras.utils.unpack_x_y_sample_weight(batch)[0]))
        if sum(map(len, batches)) >= count:
            break
    return np.concatenate(batches) if batches else None
