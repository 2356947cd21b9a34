"""The grid that the numbers of a column lie on."""

from typing import NamedTuple

import numpy as np

_MOST_DECIMALS = 6
_FEWEST_VALUES = 20
"""The greatest common divisor of 20 random whole numbers is above 1 once in a million columns."""

_EXACT = 2.0**53


class Grid(NamedTuple):
    """Multiples of a step.

    Attributes:
      step: The step, a whole number of units of the last decimal.
      decimals: How many decimals the numbers have.
    """

    step: int
    decimals: int

    @property
    def width(self) -> float:
        """The distance of two neighbours."""
        return float(self.step) * 10.0**-self.decimals

    def nearest(self, values: np.ndarray) -> np.ndarray:
        """Returns the nearest numbers of the grid, `[N]`."""
        scale = 10.0**self.decimals
        return np.asarray(np.rint(values * (scale / self.step)) * self.step / scale)


def grid_of(values: np.ndarray) -> Grid | None:
    """Returns the grid of numbers `[N]` of float32 or float64, or None if there is none.

    Numbers of a grid are the nearest floats to decimal numbers of at most six decimals.
    """
    for decimals in range(_MOST_DECIMALS + 1):
        scale = values.dtype.type(10**decimals)
        whole = np.rint(values * scale)
        if not (np.abs(whole) < _EXACT).all():
            return None
        if (whole / scale == values).all():
            ints = whole.astype(np.int64)
            step = int(np.gcd.reduce(ints)) if len(np.unique(ints)) >= _FEWEST_VALUES else 1
            return Grid(max(step, 1), decimals)
    return None
