"""Tables in files: text of any dialect, and what pandas has readers for."""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from tfp_vae.datasets import TextFormat, text_format
from tfp_vae.paths import as_path
from tfp_vae.tables.cells import without_marks
from tfp_vae.tables.frames import as_pandas
from tfp_vae.tables.free_memory import free_memory

TEXT = (".csv", ".tsv", ".csv.gz", ".tsv.gz")
SUFFIXES = (*TEXT, ".parquet", ".feather", ".xlsx", ".json", ".jsonl")

_COPIES = 12
"""A model trained on 200 MB of text took 2.3 GB, beside TensorFlow: about twelve times as much."""

_PACKED = {".gz": 4, ".parquet": 4, ".xlsx": 4, ".feather": 2}
"""How many times as large the text of a table is, about, as a file that packs it."""


@dataclass(frozen=True)
class TableFile:
    """A table that was read from a file.

    Attributes:
      frame: The table.
      note: How the file was read, in one line.
      path: The file.
      text: How a text file writes it; None for other files.

    Example:
      >>> import tempfile
      >>> with tempfile.TemporaryDirectory() as folder:
      ...     people.to_csv(f"{folder}/people.csv", index=False, sep=";")
      ...     found = tables.read(f"{folder}/people.csv")
      >>> found.note
      'people.csv: cells separated by semicolons, names in the first line'
    """

    frame: pd.DataFrame
    note: str
    path: Path
    text: TextFormat | None = None

    def line(self, row: int) -> str:
        """Returns where a row of the frame stands, such as "line 4".

        Args:
          row: The row, from 0.

        Returns:
          A text.

        Example:
          >>> tables.TableFile(people, "", Path("people.parquet")).line(2)
          'row 2'
        """
        if self.text is None:
            return f"row {row}"
        for at, (line, _) in enumerate(self.text.records(self.path)):
            if at == row + self.text.header:
                return f"line {line}"
        return f"row {row}"


def read(path: str | Path) -> TableFile:
    """Reads a table from a file.

    Of a text file the encoding, the separator (comma, semicolon, tab or bar), the decimal mark, the
    header, comments above it and the marks of blanks are found out; `note` says them. A `.parquet`,
    `.feather` or `.xlsx` file needs the package that pandas reads it with; a `.json` or `.jsonl`
    file has one object in each line.

    Args:
      path: The file: `.csv`, `.tsv`, both also packed as `.gz`, `.parquet`, `.feather`, `.xlsx`,
        `.json` or `.jsonl`.

    Returns:
      A `TableFile`: `.frame`, `.note`, and `.line(row)`.

    Raises:
      FileNotFoundError: If there is no such file.
      TypeError: If `path` is no path.
      ValueError: If it cannot be read as a table; line and column are named.

    Example:
      >>> import tempfile
      >>> with tempfile.TemporaryDirectory() as folder:
      ...     people.to_csv(f"{folder}/people.csv", index=False)
      ...     tables.read(f"{folder}/people.csv").frame.shape
      (40, 3)
    """
    file = as_path(path, "path", "people.csv")
    suffix = suffix_of(file)
    if suffix not in SUFFIXES:
        raise ValueError(f"`path` must end in {', '.join(SUFFIXES)}; got {file.name[:60]!r}.")
    if not file.is_file():
        raise FileNotFoundError(f"There is no file {str(file)!r}.")
    try:
        _check_room(file)
        if suffix in TEXT:
            return _text(file)
        frame = as_pandas(_readers()[suffix](file))
    except ImportError as error:
        raise ValueError(f"{str(file)!r} cannot be read: {_missing(error)}.") from error
    except Exception as error:
        # A broken or hostile file makes readers raise errors of many types.
        reason = " ".join((str(error) or type(error).__name__).split()).rstrip(".")
        raise ValueError(f"{str(file)!r} cannot be read: {reason[:300]}.") from error
    return TableFile(frame, f"{file.name}: {suffix.strip('.')}", file)


def write(frame: Any, path: str | Path) -> None:
    """Writes a table to a file, of the kinds that `read` reads.

    Args:
      frame: A data frame; its index is not written.
      path: The file; one that is there is replaced.

    Raises:
      TypeError: If `frame` is no data frame, or `path` no path.
      ValueError: If `path` has another ending, or the package for it is not installed.
      OSError: If it cannot be written.

    Example:
      >>> import tempfile
      >>> with tempfile.TemporaryDirectory() as folder:
      ...     tables.write(people, f"{folder}/people.tsv")
      ...     tables.read(f"{folder}/people.tsv").frame.equals(people)
      True
    """
    table, file = as_pandas(frame), as_path(path, "path", "people.csv")
    suffix = suffix_of(file)
    if suffix not in SUFFIXES:
        raise ValueError(f"`path` must end in {', '.join(SUFFIXES)}; got {file.name[:60]!r}.")
    try:
        if suffix in TEXT:
            table.to_csv(file, index=False, sep="\t" if ".tsv" in suffix else ",")
        elif suffix == ".parquet":
            table.to_parquet(file, index=False)
        elif suffix == ".feather":
            table.reset_index(drop=True).to_feather(file)
        elif suffix == ".xlsx":
            table.to_excel(file, index=False)
        else:
            table.to_json(file, orient="records", lines=True, date_format="iso")
    except ImportError as error:
        raise ValueError(
            f"`path` must be a file that pandas can write; got {str(file)!r}: {_missing(error)}."
        ) from error


def suffix_of(path: Path) -> str:
    """Returns the ending of a file's name in lower case, ".csv.gz" of a packed one."""
    name = path.name.lower()
    return next(
        (each for each in sorted(SUFFIXES, key=len, reverse=True) if name.endswith(each)),
        path.suffix.lower(),
    )


def _readers() -> dict[str, Any]:
    return {
        ".parquet": pd.read_parquet,
        ".feather": pd.read_feather,
        ".xlsx": pd.read_excel,
        ".json": lambda file: pd.read_json(file, lines=True),
        ".jsonl": lambda file: pd.read_json(file, lines=True),
    }


def _text(file: Path) -> TableFile:
    found = text_format(file)
    width = 0
    for line, cells in found.records(file):
        width = width or len(cells)
        if len(cells) != width:
            raise ValueError(f"line {line} has {len(cells)} cells, and the first line {width}")
        if any("\0" in cell for cell in cells):
            # Releases of pandas differ: such a cell is a blank, or a word.
            raise ValueError(f"line {line} has a cell with a NUL character: it is no text")
    with warnings.catch_warnings():
        # Types of a column are decided from all of it.
        warnings.simplefilter("ignore", pd.errors.DtypeWarning)
        frame = pd.read_csv(
            file,
            sep=found.separator,
            decimal=found.decimal,
            encoding=found.encoding,
            header=0 if found.header else None,
            skiprows=found.comments,
            skipinitialspace=True,
            low_memory=False,
        )
    if found.header:
        names = next(found.records(file))[1]
        twice = [name for name in names if name.strip() and names.count(name) > 1]
        if twice:
            raise ValueError(
                f"its first line has the name {twice[0]!r} {names.count(twice[0])} times"
            )
    else:
        frame.columns = [f"c{at}" for at in range(width)]
    # Spreadsheets end lines with separators.
    unnamed = [
        name
        for name in frame.columns
        if str(name).startswith("Unnamed:") and frame[name].isna().all()
    ]
    frame = frame.drop(columns=unnamed)
    table = TableFile(frame, "", file, found)
    frame, marks = without_marks(frame, table.line, found.decimal)
    listed = f", blanks marked {', '.join(map(repr, marks))}" if marks else ""
    return TableFile(frame, f"{file.name}: {found}{listed}", file, found)


def _check_room(file: Path) -> None:
    """Raises a ValueError if a model of a table needs more memory than is free."""
    free = free_memory()
    needed = _COPIES * file.stat().st_size * _PACKED.get(file.suffix.lower(), 1)
    if free is not None and free < needed:
        raise ValueError(
            f"it needs about {needed / 1e9:.1f} GB of memory, and {free / 1e9:.1f} GB are free: "
            "draw some of its lines into a smaller file"
        )


def _missing(error: ImportError) -> str:
    return f"pandas needs a package for it ({' '.join(str(error).split())[:200].rstrip('.')})"
