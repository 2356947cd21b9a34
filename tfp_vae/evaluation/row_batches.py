"""The checked rows of a data set, in batches."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from tfp_vae import checks, seeds
from tfp_vae.model import VAE
from tfp_vae.training import StoredRows, stored_rows


class RowBatch(NamedTuple):
    """A batch of rows.

    Attributes:
      own: The slice of the data set.
      x: The rows, `[B, *event]`.
      condition: y, `[B, ...]`, or None.
      seed: A stateless seed for the draws of these rows.
    """

    own: slice
    x: np.ndarray
    condition: np.ndarray | None
    seed: tf.Tensor


def checked_rows(
    vae: VAE,
    x: Any,
    batch_size: int,
    condition: Any,
    name: str = "x",
    condition_name: str = "condition",
) -> np.ndarray | StoredRows:
    """Returns `x`, the argument `name`, as rows that the model can score.

    Rows in a file, a sparse matrix, a ragged tensor or a PyTorch dataset stay where they are.

    Raises:
      TypeError: If an argument is of the wrong kind.
      ValueError: If `x` or `condition` does not fit the model, or `batch_size` is not positive.
    """
    checks.instance_of(vae, VAE, "vae", "tfp_vae.VAE.for_data(x)")
    batch_size = checks.positive_int(batch_size, "batch_size")
    stored = stored_rows(x, name, vae.row_shape)
    if stored is None:
        vae.check_rows(x, name)
    else:
        for block in stored.blocks():
            vae.check_rows(block, name)
    rows = checks.array(x, name) if stored is None else stored
    vae.check_condition(condition, len(rows), condition_name)
    return rows


def read_rows(rows: np.ndarray | StoredRows, places: np.ndarray | None = None) -> np.ndarray:
    """Returns rows as an array: those with indices `places`, or all of them."""
    if isinstance(rows, StoredRows):
        return rows.gathered(np.arange(len(rows)) if places is None else places)
    return rows if places is None else rows[places]


def row_batches(
    rows: np.ndarray | StoredRows, batch_size: int, seed: tf.Tensor, condition: Any
) -> Iterator[RowBatch]:
    """Yields the rows in order, a batch at a time."""
    y = None if condition is None else checks.array(condition, "condition")
    for start in range(0, len(rows), batch_size):
        own = slice(start, start + batch_size)
        x = read_rows(rows[own])
        yield RowBatch(own, x, None if y is None else y[own], seeds.fold_in(seed, start))
