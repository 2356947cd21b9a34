"""The jackknife: the standard error of an estimate, from those that leave out a block of rows."""

import math
from collections.abc import Sequence

import numpy as np


def jackknife_standard_error(estimates: Sequence[float]) -> float:
    """Returns the standard error of an estimate.

    Args:
      estimates: The same estimate without each of the blocks, which are of equal size.
    """
    return math.sqrt((len(estimates) - 1) * float(np.var(estimates)))
