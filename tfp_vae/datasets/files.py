"""Reads arrays from files, which need not be trusted."""

import csv
import warnings
import zipfile
from pathlib import Path
from typing import TextIO

import numpy as np

from tfp_vae.datasets.file_reader import check_numbers, numpy_reason, unreadable
from tfp_vae.paths import as_path

_PREFERRED = ("x", "x_train", "data")
_SUFFIXES = (".npy", ".npz", ".csv")
_MOST_EXPANSION, _ALWAYS_UNPACKED_BYTES = 100, 2**28
_MOST_COLUMNS = 100_000
_LONGEST_LINE = 2**24


def from_file(path: str | Path) -> np.ndarray:
    """Reads the rows of a `.npy`, `.npz` or `.csv` file, which need not be trusted.

    Of several arrays in a `.npz` file, the one called `x`, `x_train` or `data` is read. A `.csv`
    file holds numbers separated by commas, with or without a header of names, in at most 100,000
    columns. Python objects are never unpickled.

    Args:
      path: The file.

    Returns:
      An array `[N, ...]`.

    Raises:
      FileNotFoundError: If there is no such file.
      TypeError: If `path` is not a path.
      ValueError: If the file has another format, is broken or empty, or holds other than numbers.

    Example:
      >>> import tempfile
      >>> with tempfile.TemporaryDirectory() as folder:
      ...     np.save(f"{folder}/rows.npy", x)
      ...     datasets.from_file(f"{folder}/rows.npy").shape
      (20, 3)
    """
    path = as_path(path, "path", "x.npy")
    if path.suffix.lower() not in _SUFFIXES:
        raise ValueError(f"`path` must end in .npy, .npz or .csv; got {path.name[:60]!r}.")
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {str(path)!r}.")
    values: object = _from_csv(path) if path.suffix.lower() == ".csv" else _from_numpy(path)
    return check_numbers(values, path)


def _from_numpy(path: Path) -> object:
    try:
        with path.open("rb") as file:
            loaded = np.load(file, allow_pickle=False)
            if isinstance(loaded, np.ndarray):
                return loaded
            _check_expansion(loaded.zip, path)
            names = list(loaded.files)
            chosen = [name for name in _PREFERRED if name in names] or names
            if len(chosen) != 1 and chosen == names:
                raise ValueError(
                    f"it must hold one array, or one called 'x'; it holds {', '.join(names[:9])}"
                    if names
                    else "it holds no array"
                )
            return loaded[chosen[0]]
    except Exception as error:
        # NumPy and zlib raise many kinds of errors for broken or hostile archives.
        raise unreadable(path, numpy_reason(error)) from error


def _check_expansion(archive: zipfile.ZipFile, path: Path) -> None:
    unpacked = sum(entry.file_size for entry in archive.infolist())
    most = max(_ALWAYS_UNPACKED_BYTES, _MOST_EXPANSION * path.stat().st_size)
    if unpacked > most:
        raise ValueError(
            f"it unpacks to {unpacked:,} bytes, more than {_MOST_EXPANSION} times its size"
        )


def _from_csv(path: Path) -> np.ndarray:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file, warnings.catch_warnings():
            names, lines = _header(file)
            file.seek(0)
            # NumPy warns of a file without rows.
            warnings.simplefilter("error", UserWarning)
            rows = np.loadtxt(
                file, delimiter=",", skiprows=lines, ndmin=2, quotechar='"', comments=None
            )
    except UnicodeDecodeError as error:
        raise unreadable(path, "it must be text in UTF-8") from error
    except UserWarning as error:
        raise unreadable(path, "it has no rows of numbers below its first line") from error
    except (ValueError, csv.Error) as error:
        raise unreadable(path, str(error).partition("; use")[0]) from error
    if names and names != rows.shape[1]:
        raise unreadable(
            path, f"its first line has {names} names, and its rows have {rows.shape[1]} values"
        )
    return rows


def _header(file: TextIO) -> tuple[int, int]:
    """Returns the number of names in the header, and the number of its lines.

    Raises:
      ValueError: If there are no lines, they are too long, or the first holds names and numbers.
    """
    reader = csv.reader(iter(lambda: _short_line(file), ""))
    first = next((cells for cells in reader if cells), None)
    if first is None:
        raise ValueError("it is empty")
    if len(first) > _MOST_COLUMNS:
        raise ValueError(
            f"a .csv file may have {_MOST_COLUMNS:,} columns and this one has {len(first):,}: save "
            "such rows as .npy"
        )
    numbers = [cell for cell in first if _is_number(cell)]
    if len(numbers) == len(first):
        return 0, 0
    if numbers:
        other = next(cell for cell in first if not _is_number(cell))
        raise ValueError(
            "its first line must hold names or numbers and holds both, such as "
            f"{other[:30]!r} and {numbers[0][:30]!r}"
        )
    return len(first), reader.line_num


def _short_line(file: TextIO) -> str:
    line = file.readline(_LONGEST_LINE)
    if len(line) == _LONGEST_LINE:
        raise ValueError(f"it has a line of {_LONGEST_LINE:,} characters or more")
    return line


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
