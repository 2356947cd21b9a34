"""Supports: the values that a distribution gives a density or a probability to."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Support:
    """A set of numbers that data must lie in.

    Attributes:
      description: The set in words, as it stands in an error.
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

    def wanted(self, where: tuple[int, ...]) -> str:
        """Returns in words what the value at the index `where` of some data must be."""
        del where
        return self.description

    def bounds(self, row_shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
        """Returns the least and the greatest value of every number of a row, or infinities."""
        return np.full(row_shape, self.lower), np.full(row_shape, self.upper)

    @property
    def inner_value(self) -> float:
        """A number in the set, 0 if it is one of them."""
        middle = 0.5 * (self.lower + self.upper)
        candidates = np.array([0.0, 1.0, 0.5, middle, self.lower, self.upper])
        candidates = candidates[np.isfinite(candidates)]
        return float(candidates[~self.outside(candidates)][0])


@dataclass(frozen=True)
class Columns:
    """A support for every column of a table.

    Attributes:
      parts: Columns, their support, and the name of their likelihood.
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

    def bounds(self, row_shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
        """Returns the least and the greatest value of every number of a row, or infinities."""
        lower, upper = np.empty(row_shape), np.empty(row_shape)
        for columns, support, _ in self.parts:
            part_shape = (*row_shape[:-1], len(columns))
            lower[..., columns], upper[..., columns] = support.bounds(part_shape)
        return lower, upper

    def wanted(self, where: tuple[int, ...]) -> str:
        """Returns in words what the value at the index `where` of some data must be."""
        column = where[-1]
        for columns, support, name in self.parts:
            if column in columns:
                return f"{support.description} in column {column}, under {name}"
        raise IndexError(f"There is no column {column}.")


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
    """The set that latents lie in: the same for a posterior and for a prior it is compared with.

    Attributes:
      description: The set in words, as it stands in an error.
    """

    description: str


REAL_VECTORS = LatentSpace("vectors of real numbers")
UNIT_VECTORS = LatentSpace("vectors of length 1")


def relaxed_one_hot_vectors(variables: int, categories: int) -> LatentSpace:
    """Returns the space of `variables` vectors of `categories` numbers that add up to 1."""
    return LatentSpace(
        f"{variables} x {categories} positive numbers, of which every {categories} add up to 1"
    )
