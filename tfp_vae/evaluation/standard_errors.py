"""The standard error of a mean."""

import math

import numpy as np


def standard_error(values: np.ndarray) -> float:
    """Returns the standard error of the mean of independent values `[N]`; NaN for one value."""
    if len(values) < 2:
        return math.nan
    return float(values.std(ddof=1) / math.sqrt(len(values)))
