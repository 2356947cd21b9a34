"""Supports: the values to which a distribution gives a density or a probability."""

from dataclasses import dataclass

import numpy as np


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


def relaxed_one_hot_vectors(variables: int, categories: int) -> LatentSpace:
    """Returns the space of `variables` vectors of `categories` numbers that add up to 1."""
    return LatentSpace(
        f"{variables} x {categories} positive numbers, of which every {categories} add up to 1"
    )
