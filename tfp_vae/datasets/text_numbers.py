"""Numbers in a text file of any dialect."""

import warnings
from pathlib import Path

import numpy as np

from tfp_vae.datasets.dialect import TextFormat, opened, text_format

_WORDS = {"true": 1.0, "false": 0.0, **dict.fromkeys(("", "na", "n/a", "nan", "null"), np.nan)}


def numbers_of_text(path: Path) -> np.ndarray:
    """Returns the numbers of a text file, `[N, columns]`, NaN where a cell is blank.

    Raises:
      ValueError: If it is empty, its lines have different numbers of cells, or a cell is no number;
        line and column are named.
    """
    found = text_format(path)
    first_line, names = next(found.records(path))
    rows = _of_numpy(path, found, first_line)
    if rows is None or (found.header and rows.shape[1] != len(names)):
        rows = _cell_by_cell(path, found, names)
    if not len(rows):
        raise ValueError("it has no rows of numbers below its first line")
    if not found.header:
        return rows
    kept = [
        at
        for at, name in enumerate(names)
        if name.strip() or not (_is_blank(rows[:, at]) or _is_index(rows[:, at], at, len(names)))
    ]
    return rows[:, kept] if any(name.strip() for name in names) else rows


def _of_numpy(path: Path, found: TextFormat, first_line: int) -> np.ndarray | None:
    """Returns what NumPy reads, which is fast, or None where a cell is no plain number."""
    if found.decimal != ".":
        return None
    with opened(path, found.encoding) as file, warnings.catch_warnings():
        # NumPy warns of a file without rows.
        warnings.simplefilter("ignore", UserWarning)
        try:
            return np.loadtxt(
                file,
                delimiter=found.separator,
                skiprows=first_line if found.header else found.comments,
                ndmin=2,
                quotechar='"',
                comments=None,
            )
        except ValueError:
            return None


def _cell_by_cell(path: Path, found: TextFormat, names: list[str]) -> np.ndarray:
    rows: list[list[float]] = []
    for line, cells in found.records(path):
        if not rows and found.header and cells is not names and cells == names:
            continue
        if len(cells) != len(names):
            raise ValueError(f"line {line} has {len(cells)} cells, and the first line {len(names)}")
        rows.append([_number(cell, at, line, names, found) for at, cell in enumerate(cells)])
    return np.array(rows, np.float64).reshape(len(rows), len(names))


def _number(cell: str, at: int, line: int, names: list[str], found: TextFormat) -> float:
    text = cell.strip()
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    try:
        return float(text.replace(found.decimal, "."))
    except ValueError:
        column = repr(names[at][:40]) if found.header else str(at + 1)
        raise ValueError(f"line {line}, column {column}: {text[:40]!r} is no number") from None


def _is_blank(column: np.ndarray) -> bool:
    return bool(np.isnan(column).all())


def _is_index(column: np.ndarray, at: int, columns: int) -> bool:
    counted = np.arange(len(column)) + column[0]
    return at == 0 and columns > 1 and column[0] in (0.0, 1.0) and bool((column == counted).all())
