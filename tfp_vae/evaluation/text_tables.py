"""Results as tables of text."""

import math
from collections.abc import Sequence


def table(rows: Sequence[Sequence[str]]) -> str:
    """Returns rows of words as aligned columns: the first to the left, the others to the right."""
    columns = list(zip(*rows, strict=True))
    widths = [max(len(word) for word in column) for column in columns]
    lines = [
        "  ".join(
            word.ljust(width) if place == 0 else word.rjust(width)
            for place, (word, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    return "\n".join(line.rstrip() for line in lines)


def with_error(value: float, standard_error: float) -> str:
    """Returns a number and its standard error, or the number alone where that is not known."""
    if math.isnan(standard_error):
        return f"{value:.3f}"
    return f"{value:.3f} ± {standard_error:.3f}"
