"""The figures of one method on one data set."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

LEAST_SHARE = 0.01
"""A column varies if at least this share of the training rows differs from its most frequent value:
the variance of a pixel that is nearly always 0 is that of a few rows."""


@dataclass
class Score:
    """What a method reaches on the held-out rows.

    Attributes:
      log_p: log p(x) of every row in nats, `[N]`, or None where the method has none.
      discrete: Which values of a row `log_p` gives a probability and not a density, `[D]`.
      reconstructed: The rows as the method reconstructs them, `[N, *event]`, or None.
      seconds: The processor time of fitting, over all threads.
      notes: What was chosen, and what else there is to say.
    """

    log_p: np.ndarray | None
    discrete: np.ndarray | None
    reconstructed: np.ndarray | None
    seconds: float
    notes: dict[str, Any] = field(default_factory=dict)


def reconstruction_error(
    x_train: np.ndarray, x: np.ndarray, reconstructed: np.ndarray
) -> tuple[float, float]:
    """Returns the mean squared error in units of the columns' variances on the training rows.

    Args:
      x_train: The training rows, `[N, *event]`.
      x: The held-out rows, `[M, *event]`.
      reconstructed: Their reconstructions, the same.

    Returns:
      The mean of the ratios over the columns that vary, and the ratio of the sums.
    """
    train, truth, guess = (
        rows.reshape(len(rows), -1).astype(np.float64) for rows in (x_train, x, reconstructed)
    )
    varies = np.array([_varies(column) for column in train.T])
    variance = train.var(axis=0)[varies]
    squared = np.mean((truth - guess) ** 2, axis=0)[varies]
    return float(np.mean(squared / variance)), float(squared.sum() / variance.sum())


def _varies(column: np.ndarray) -> bool:
    _, counts = np.unique(column, return_counts=True)
    return bool(counts.max() <= (1.0 - LEAST_SHARE) * len(column) and len(counts) > 1)
