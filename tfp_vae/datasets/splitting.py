"""Splits rows into a training, a validation and a test set."""

from typing import NamedTuple

import numpy as np

from tfp_vae import checks


class Split(NamedTuple):
    """The row indices of the training, validation and test set, each in random order.

    Attributes:
      train: The rows to train on, `[N]` of int.
      valid: The rows to select a model on, of another length.
      test: The rows to evaluate it on, of another length.

    Example:
      >>> parts = datasets.split(len(x))
      >>> x[parts.train].shape, x[parts.valid].shape, x[parts.test].shape
      ((14, 3), (2, 3), (4, 3))
    """

    train: np.ndarray
    valid: np.ndarray
    test: np.ndarray


def split(rows: int, valid: float = 0.1, test: float = 0.2, seed: int = 0) -> Split:
    """Splits rows at random into a training, a validation and a test set.

    Args:
      rows: The number of rows, at least three.
      valid: The fraction of all rows for validation, in (0, 1).
      test: The fraction of all rows for testing, in (0, 1).
      seed: The seed of the shuffle.

    Returns:
      A `Split` of row indices; no set is empty.

    Raises:
      TypeError: If an argument is not a number.
      ValueError: If there are too few rows, or the fractions leave none to train on.

    Example:
      >>> [len(part) for part in datasets.split(100)]
      [70, 10, 20]
    """
    rows = checks.positive_int(rows, "rows")
    valid = checks.finite_number(valid, "valid", minimum=0.0, exclusive=True)
    test = checks.finite_number(test, "test", minimum=0.0, exclusive=True)
    if valid + test >= 1.0:
        raise ValueError(f"`valid` and `test` must add up to less than 1; got {valid + test:g}.")
    if rows < 3:
        raise ValueError(f"`rows` must be at least 3, one for each set; got {rows}.")
    test_rows = max(1, round(rows * test))
    valid_rows = max(1, round(rows * valid))
    seed = checks.whole_number(seed, "seed")
    order = np.random.default_rng(seed).permutation(rows)
    return Split(
        train=order[test_rows + valid_rows :],
        valid=order[test_rows : test_rows + valid_rows],
        test=order[:test_rows],
    )
