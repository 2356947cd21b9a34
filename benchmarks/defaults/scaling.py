"""Columns in units of their own standard deviations, for methods that depend on the units."""

from dataclasses import dataclass
from typing import Self

import numpy as np

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
