"""Columns in units of their own standard deviations, for methods that depend on the units."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from benchmarks.defaults.real_data import Split

FLOORS = (1e-12, 1e-8, 1e-6, 1e-4, 1e-3, 1e-2, 1e-1, 1.0)
"""The smallest noise variances among which the validation rows choose, in units of a column's
variance: a column that is nearly constant has a density without bound."""


@dataclass(frozen=True)
class Scaling:
    """Subtracts a location and divides by a scale, `[D]` each."""

    loc: np.ndarray
    scale: np.ndarray

    @classmethod
    def of(cls, x: np.ndarray) -> Self:
        """Takes means and standard deviations; a constant column gets the median of the others."""
        deviation = x.std(axis=0)
        varies = deviation > 1e-12 * np.maximum(1.0, np.abs(x).max(axis=0))
        usual = np.median(deviation[varies]) if varies.any() else 1.0
        return cls(x.mean(axis=0), np.where(varies, deviation, usual))

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Returns the scaled rows, `[N, D]`."""
        return (x - self.loc) / self.scale

    def inverse(self, x: np.ndarray) -> np.ndarray:
        """Returns rows in the data's own units."""
        return x * self.scale + self.loc

    @property
    def log_scale(self) -> float:
        """What is subtracted from a log density of scaled rows for that of the data's own units."""
        return float(np.log(self.scale).sum())


@dataclass(frozen=True)
class StandardRows:
    """The rows of a data set in units of the columns' standard deviations.

    Attributes:
      train: `[N, D]`, and likewise `valid` and `test`.
      scaling: How they were scaled.
      rounding: 1/12 of the square of a step for columns of whole numbers that a likelihood gives
        probabilities, `[D]`, and 0 for others: the variance of rounding to them, and so the least
        variance of a normal density that stands for a probability.
    """

    train: np.ndarray
    valid: np.ndarray
    test: np.ndarray
    scaling: Scaling
    rounding: np.ndarray


def standardised(data: Split, discrete: np.ndarray) -> StandardRows:
    """Scales the columns by the training rows; `discrete` says which have probabilities, `[D]`."""
    flat = [
        rows.reshape(len(rows), -1).astype(np.float64)
        for rows in (data.x_train, data.x_valid, data.x_test)
    ]
    scaling = Scaling.of(flat[0])
    rounding = np.where(discrete, 1.0 / (12.0 * scaling.scale**2), 0.0)
    return StandardRows(*(scaling(rows) for rows in flat), scaling, rounding)
