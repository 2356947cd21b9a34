"""Rows to train on, some of their cells blanked, so that the encoder learns to see few columns."""

from typing import Any

import numpy as np

from tfp_vae import checks


def with_random_blanks(x: Any, seed: int = 0) -> np.ndarray:
    """Returns rows as they are, then once more with random cells made blank.

    An encoder that was trained on whole rows alone is a poor proposal for rows of which few columns
    are known, as in `sample(given=...)`, `impute` and `explain`. What is blanked is left out of the
    bound of its row, so that the decoder learns no bias. The share of blanks of a row is uniform
    between 0 and 1, and one cell at least stays.

    Args:
      x: The array of a table, `[N, D]`, NaN where a cell is blank.
      seed: The seed of the choice.

    Returns:
      An array `[2 * N, D]`.

    Raises:
      TypeError: If `x` holds no real numbers.
      ValueError: If it has another shape than `[N, D]`.

    Example:
      >>> rows = tables.with_random_blanks(np.ones([3, 4]))
      >>> rows.shape, bool(np.isnan(rows[:3]).any()), bool(np.isnan(rows[3:]).all(axis=1).any())
      ((6, 4), False, False)
    """
    rows = checks.array(x)
    if rows.ndim != 2 or rows.size == 0:
        raise ValueError(f"`x` must have shape [rows, columns]; got shape {list(rows.shape)}.")
    rows = rows.astype(np.result_type(rows, np.float32), copy=False)
    generator = np.random.default_rng(checks.whole_number(seed, "seed"))
    share = generator.random([len(rows), 1])
    noise = generator.random(rows.shape)
    observed = ~np.isnan(rows)
    kept = np.argmax(np.where(observed, noise, -1.0), axis=1)
    blanked = noise < share
    blanked[np.arange(len(rows)), kept] = False
    return np.concatenate([rows, np.where(blanked, np.nan, rows)])
