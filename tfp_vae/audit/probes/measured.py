"""Measured values of a loss, with their errors."""

from dataclasses import dataclass

import numpy as np

Array = np.ndarray

# A difference of this many errors is not 0. The errors of a noisy loss are widened, because they
# are estimated from few calls: with 9 degrees of freedom a t-distributed estimate lies farther out
# than 6 · 1.5 standard errors about eight times in a million.
Z = 6.0
NOISE_WIDENING = 1.5


@dataclass(frozen=True)
class Change:
    """The difference of two measured values, with its error."""

    value: float
    error: float

    @property
    def resolved(self) -> bool:
        """Whether the difference is larger than its error."""
        return bool(np.isfinite(self.value)) and abs(self.value) > Z * self.error


@dataclass(frozen=True)
class Measured:
    """Values with their standard errors, both `[N]`; for an exact loss, its rounding errors."""

    values: Array
    errors: Array

    @property
    def finite(self) -> bool:
        """Whether every value is finite."""
        return bool(np.all(np.isfinite(self.values)))

    @property
    def spread(self) -> float:
        """The distance between the largest and the smallest value."""
        return float(np.ptp(self.values))

    @property
    def slack(self) -> Array:
        """The largest errors of the values."""
        return Z * self.errors

    @property
    def constant(self) -> bool:
        """Whether no value differs from their mean by more than its error."""
        weights = 1.0 / np.maximum(self.errors, 1e-100) ** 2
        mean = np.sum(weights / np.max(weights) * self.values) / np.sum(weights / np.max(weights))
        return bool(np.all(np.abs(self.values - mean) <= self.slack))

    def change(self, start: int, end: int) -> Change:
        """By how much the value rises from one point to another."""
        return Change(
            float(self.values[end] - self.values[start]),
            float(np.hypot(self.errors[start], self.errors[end])),
        )
