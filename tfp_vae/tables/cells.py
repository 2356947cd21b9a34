"""Cells of a text file that are no numbers, in columns that hold numbers."""

from collections.abc import Callable

import numpy as np
import pandas as pd

_MARKS = frozenset(
    {"?", "-", "--", "---", ".", "..", "*", "x", "n.a.", "na.", "n/a.", "n.d.", "n/d", "nr"}
    | {"none", "nil", "missing", "unknown", "(na)", "na", "nan", "null", "#n/a", "not available"}
    | {"no data", "k.a.", "-9999-"}
) - {"x"}
"""What people write where they have no number, in lower case."""

_MOST_WORDS = 0.1
_FEW_ROWS = 30
"""A column of which a tenth is words is one of words; of few rows, one of which half is."""


def without_marks(
    frame: pd.DataFrame, line: Callable[[int], str], decimal: str = "."
) -> tuple[pd.DataFrame, list[str]]:
    """Returns a frame in which marks of blanks among numbers are blanks, and the marks.

    Args:
      frame: The frame of a text file.
      line: Returns where a row stands in the file.
      decimal: The decimal mark of the file.

    Raises:
      ValueError: If another word stands among numbers; line and column are named.
    """
    found: list[str] = []
    columns = {}
    for name in frame.columns:
        column = frame[name]
        if pd.api.types.is_numeric_dtype(column.dtype) or column.isna().all():
            continue
        plain = column
        if decimal != "." and pd.api.types.is_string_dtype(column.dtype):
            plain = column.str.replace(decimal, ".", regex=False)
        numbers = pd.to_numeric(plain, errors="coerce")
        words = np.flatnonzero(numbers.isna() & column.notna())
        present = int(column.notna().sum())
        marks = [str(each) for each in column.iloc[words]]
        if len(words) == present:
            continue
        if all(each.strip().lower() in _MARKS for each in marks):
            found += [each for each in dict.fromkeys(marks) if each not in found]
            columns[name] = numbers
            continue
        most = 0.5 if present < _FEW_ROWS else _MOST_WORDS
        if len(words) <= most * present:
            raise ValueError(
                f"{line(int(words[0]))}, column {str(name)!r}: {marks[0][:40]!r} is no number, as "
                f"{present - len(words)} other cells of the column are"
            )
    return frame.assign(**columns) if columns else frame, found
