"""The grid that the numbers of a column lie on."""

from typing import NamedTuple

import numpy as np

_MOST_DECIMALS = 6
_FEWEST_VALUES = 20
"""The greatest common divisor of 20 random whole numbers is above 1 once in a million columns."""

_EXACT = 2.0**53

_ROUNDED = 1e-6
"""The relative error of a number that was rounded to float32, or cut to its digits, at most."""

_NEAR = 0.01
"""A number next to a grid is nearer to it than this, in units of the last decimal."""

_MOST_BESIDE = 0.05
"""The largest share of the rows whose numbers lie beside the grid of all others."""


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

    Numbers of a grid are the nearest floats to decimal numbers of at most six decimals. A few may
    lie beside it by the rounding of float32, as 9.899999 lies beside 9.9.
    """
    for decimals in range(_MOST_DECIMALS + 1):
        scale = values.dtype.type(10**decimals)
        whole = np.rint(values * scale)
        if not (np.abs(whole) < _EXACT).all():
            return None
        if _lie_on(values, whole, scale):
            ints = whole.astype(np.int64)
            step = int(np.gcd.reduce(ints)) if len(np.unique(ints)) >= _FEWEST_VALUES else 1
            return Grid(max(step, 1), decimals)
    return None


def _lie_on(values: np.ndarray, whole: np.ndarray, scale: np.floating) -> bool:
    """Returns whether numbers are whole ones by a scale, but for a few that are almost."""
    beside = whole / scale != values
    if not beside.any():
        return True
    if beside.mean() > _MOST_BESIDE:
        return False
    few = values[beside].astype(np.float64)
    distance = np.abs(few - whole[beside] / np.float64(scale))
    return bool((distance <= np.minimum(_ROUNDED * np.abs(few), _NEAR / float(scale))).all())


def beside_grid(values: np.ndarray, grid: Grid) -> np.ndarray:
    """Returns the different numbers of `[N]` that lie beside their grid, as float64, in order."""
    nearest = grid.nearest(values.astype(np.float64)).astype(values.dtype)
    return np.unique(values[nearest != values]).astype(np.float64)
