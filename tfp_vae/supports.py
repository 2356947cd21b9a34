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


REAL = Support("any finite number")
BINARY = Support("0 or 1", 0.0, 1.0, integers=True)
UNIT_INTERVAL = Support("between 0 and 1", 0.0, 1.0)


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
