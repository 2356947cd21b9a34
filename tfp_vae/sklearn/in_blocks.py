"""A function of tensors for arrays of any length."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

_ROWS_AT_ONCE = 4096


def in_blocks(rows: np.ndarray, function: Callable[[tf.Tensor], tf.Tensor]) -> np.ndarray:
    """Returns what a function returns for rows `[N, ...]`, of which it sees a block at a time."""
    starts = range(0, len(rows), _ROWS_AT_ONCE)
    blocks = (tf.convert_to_tensor(rows[start : start + _ROWS_AT_ONCE]) for start in starts)
    return np.concatenate([np.asarray(function(block)) for block in blocks])
