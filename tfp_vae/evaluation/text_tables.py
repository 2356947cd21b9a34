"""Means with their standard errors, as tables of text."""

import math
from collections.abc import Sequence

import numpy as np


def standard_error(values: np.ndarray) -> float:
    """Returns the standard error of the mean of independent values `[N]`; NaN for one value."""
    if len(values) < 2:
        return math.nan
    return float(values.std(ddof=1) / math.sqrt(len(values)))


def table(rows: Sequence[Sequence[str]]) -> str:
    """Returns rows of cells as aligned columns: the first to the left, the others to the right."""
    columns = list(zip(*rows, strict=True))
    widths = [max(len(cell) for cell in column) for column in columns]
    lines = [
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    return "\n".join(line.rstrip() for line in lines)


def with_error(value: float, standard_error: float) -> str:
    """Returns a number and its standard error, or the number alone where that is NaN."""
    if math.isnan(standard_error):
        return f"{value:.3f}"
    return f"{value:.3f} ± {standard_error:.3f}"
