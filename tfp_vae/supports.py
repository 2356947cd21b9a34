"""Supports: the values to which a distribution gives a density or a probability."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

_LARGEST = float(np.finfo(np.float64).max)
_VALUES_AT_ONCE = 2**16
"""So many values stay in a processor's cache while they are looked at several times."""


@dataclass(frozen=True)
class Support:
    """A set of numbers that data must lie in.

    Attributes:
      description: The set in words, for errors.
      lower: The smallest number allowed.
      upper: The largest number allowed.
      integers: Whether only whole numbers are allowed.
    """

    description: str
    lower: float = -np.inf
    upper: float = np.inf
    integers: bool = False

    def outside(self, x: np.ndarray) -> np.ndarray:
        """Returns a boolean array, true where `x` lies outside."""
        wrong = (x < self.lower) | (x > self.upper)
        if self.integers and not np.issubdtype(x.dtype, np.integer):
            wrong |= x != np.floor(x)
        return wrong

    def holds(self, x: np.ndarray, largest: float) -> bool:
        """Returns whether all of `x` lies inside, and is finite and of at most that magnitude.

        It may return False for values that are bounds of the set in the precision of `x` alone.
        """
        # NaN is neither below nor above anything. Python's floats are compared in float64.
        if not max(self.lower, -largest) <= float(x.min()):
            return False
        if not float(x.max()) <= min(self.upper, largest):
            return False
        return not self.integers or x.dtype.kind in "biu" or bool((x == np.floor(x)).all())

    def wanted(self, where: tuple[int, ...]) -> str:
        """Returns what the value at index `where` of the data must be, in words."""
        del where
        return self.description

    def bounds(self, row_shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
        """Returns the bounds of every value of a row, infinite where there is none."""
        return np.full(row_shape, self.lower), np.full(row_shape, self.upper)

    @property
    def inner_value(self) -> float:
        """A number in the set, 0 if possible."""
        middle = 0.5 * (self.lower + self.upper)
        candidates = np.array([0.0, 1.0, 0.5, middle, self.lower, self.upper])
        candidates = candidates[np.isfinite(candidates)]
        return float(candidates[~self.outside(candidates)][0])


@dataclass(frozen=True)
class Columns:
    """A support for every column of a table.

    Attributes:
      parts: For every group of columns, their indices, their support and the likelihood's name.
    """

    parts: "tuple[tuple[tuple[int, ...], Support | Columns, str], ...]"

    @property
    def description(self) -> str:
        """The supports in words."""
        return ", ".join(
            f"{support.description} in columns {list(columns)}"
            for columns, support, _ in self.parts
        )

    @property
    def inner_value(self) -> np.ndarray:
        """A row in the set, `[columns]`."""
        row = np.zeros(sum(len(columns) for columns, _, _ in self.parts))
        for columns, support, _ in self.parts:
            row[list(columns)] = support.inner_value
        return row

    def outside(self, x: np.ndarray) -> np.ndarray:
        """Returns a boolean array, true where `x`, `[..., columns]`, lies outside."""
        wrong = np.zeros(x.shape, bool)
        for columns, support, _ in self.parts:
            wrong[..., columns] = support.outside(x[..., columns])
        return wrong

    def holds(self, x: np.ndarray, largest: float) -> bool:
        """Returns whether all of `x`, `[..., columns]`, lies inside, as that of one `Support`."""
        return REAL.holds(x, largest) and all(
            support.holds(x[..., columns], largest) for columns, support, _ in self.parts
        )

    def bounds(self, row_shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
        """Returns the bounds of every value of a row, infinite where there is none."""
        lower, upper = np.empty(row_shape), np.empty(row_shape)
        for columns, support, _ in self.parts:
            part_shape = (*row_shape[:-1], len(columns))
            lower[..., columns], upper[..., columns] = support.bounds(part_shape)
        return lower, upper

    def wanted(self, where: tuple[int, ...]) -> str:
        """Returns what the value at index `where` of the data must be, in words."""
        column = where[-1]
        for columns, support, name in self.parts:
            if column in columns:
                return f"{support.description} in column {column}, under {name}"
        raise IndexError(f"There is no column {column}.")


def all_inside(
    x: np.ndarray,
    support: Support | Columns,
    largest: float = _LARGEST,
    filled: Callable[[np.ndarray], np.ndarray] | None = None,
) -> bool:
    """Returns whether all values are finite and lie in a support, in one pass over the memory.

    Args:
      x: Data, `[N, ...]`.
      support: The support.
      largest: The largest magnitude allowed.
      filled: A function of some of the rows that returns them without their missing values, or
        None.

    Returns:
      True if all is well. False asks for a closer look: without rows, at a bound that `x` rounds,
      and for numbers that NumPy does not know.
    """
    if x.size == 0 or x.dtype.kind not in "biuf":
        return False
    rows = max(1, _VALUES_AT_ONCE // (x.size // len(x)))
    blocks = (x[start : start + rows] for start in range(0, len(x), rows))
    # A signalling NaN is told by the result.
    with np.errstate(invalid="ignore"):
        return all(support.holds(filled(each) if filled else each, largest) for each in blocks)


def whole_numbers_to(largest: int) -> Support:
    """Returns the support of the whole numbers 0 to `largest`."""
    return Support(f"whole numbers from 0 to {largest}", 0.0, float(largest), integers=True)


REAL = Support("any finite number")
BINARY = Support("0 or 1", 0.0, 1.0, integers=True)
UNIT_INTERVAL = Support("between 0 and 1", 0.0, 1.0)
POSITIVE = Support("above 0", float(np.finfo(np.float32).tiny))
COUNTS = Support("whole numbers of at least 0", 0.0, integers=True)


@dataclass(frozen=True)
class LatentSpace:
    """The set of possible latents; a posterior and its prior have the same.

    Attributes:
      description: The set in words, for errors.
    """

    description: str


REAL_VECTORS = LatentSpace("vectors of real numbers")
UNIT_VECTORS = LatentSpace("vectors of length 1")
UNIT_INTERVAL_VECTORS = LatentSpace("vectors of numbers between 0 and 1")
POSITIVE_VECTORS = LatentSpace("vectors of positive numbers")


def relaxed_one_hot_vectors(variables: int, categories: int) -> LatentSpace:
    """Returns the space of `variables` vectors of `categories` numbers that add up to 1."""
    return LatentSpace(
        f"{variables} x {categories} positive numbers, of which every {categories} add up to 1"
    )


def one_hot_vectors(variables: int, categories: int) -> LatentSpace:
    """Returns the space of `variables` one-hot vectors of `categories` numbers."""
    return LatentSpace(f"{variables} x {categories} numbers, of which one in {categories} is 1")


def code_vectors(positions: int, codes: int) -> LatentSpace:
    """Returns the space of `positions` vectors, each one of a codebook of `codes` vectors."""
    return LatentSpace(f"{positions} vectors from a codebook of {codes}")
