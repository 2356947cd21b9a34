"""Reads arrays from files, which need not be trusted."""

import csv
import zipfile
from pathlib import Path
from typing import TextIO

import numpy as np

from tfp_vae.datasets.file_reader import check_numbers, numpy_reason, unreadable
from tfp_vae.datasets.hdf5_file import PREFERRED, array_of_hdf5
from tfp_vae.datasets.text_numbers import numbers_of_text
from tfp_vae.paths import as_path

_HDF5 = (".h5", ".hdf5")
_SUFFIXES = (".npy", ".npz", ".csv", *_HDF5)
_MOST_EXPANSION, _ALWAYS_UNPACKED_BYTES = 100, 2**28
_MOST_COLUMNS = 100_000
_LONGEST_LINE = 2**24


def from_file(path: str | Path) -> np.ndarray:
    """Reads the rows of a `.npy`, `.npz`, `.h5` or `.csv` file, which need not be trusted.

    Of several arrays in a `.npz` or `.h5` file, the one called `x`, `x_train` or `data` is read. Of
    a `.csv` file the separator, decimal mark, header and encoding are found out (`text_format`); it
    holds numbers, truth values and blanks, which become NaN, in at most 100,000 columns. An unnamed
    index that counts the rows is left out. `tables.read` reads tables with words. Python objects
    are never unpickled, links of `.h5` to other files never followed. A file larger than memory can
    be trained on where it is: `from_files` streams it, and `fit` takes an open `h5py.Dataset`.

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
        raise ValueError(
            f"`path` must end in .npy, .npz, .h5, .hdf5 or .csv; got {path.name[:60]!r}."
        )
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {str(path)!r}.")
    suffix = path.suffix.lower()
    if suffix in _HDF5:
        return check_numbers(_from_hdf5(path), path)
    values: object = _from_csv(path) if suffix == ".csv" else _from_numpy(path)
    return check_numbers(values, path)


def _from_hdf5(path: Path) -> object:
    try:
        return array_of_hdf5(path)
    except Exception as error:
        # h5py raises many kinds of errors for broken files.
        raise unreadable(path, error) from error


def _from_numpy(path: Path) -> object:
    try:
        with path.open("rb") as file:
            loaded = np.load(file, allow_pickle=False)
            if isinstance(loaded, np.ndarray):
                return loaded
            _check_expansion(loaded.zip, path)
            names = list(loaded.files)
            chosen = [name for name in PREFERRED if name in names] or names
            if len(chosen) != 1 and chosen == names:
                raise ValueError(
                    f"it must hold one array, or one called 'x'; it holds {', '.join(names[:9])}: "
                    f"`np.load(path)[{names[0]!r}]` is one of them"
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
        with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
            _check_first_line(file)
        return numbers_of_text(path)
    except UnicodeDecodeError as error:
        raise unreadable(path, "it must be text in UTF-8, UTF-16 or Windows-1252") from error
    except (ValueError, csv.Error) as error:
        raise unreadable(path, str(error)) from error


def _check_first_line(file: TextIO) -> None:
    """Raises a ValueError if there are no lines, they are too long, or have too many cells."""
    reader = csv.reader(iter(lambda: _short_line(file), ""))
    first = next((cells for cells in reader if cells), None)
    if first is None:
        raise ValueError("it is empty")
    if len(first) > _MOST_COLUMNS:
        raise ValueError(
            f"a .csv file may have {_MOST_COLUMNS:,} columns and this one has {len(first):,}: save "
            "such rows as .npy"
        )


def _short_line(file: TextIO) -> str:
    line = file.readline(_LONGEST_LINE)
    if len(line) == _LONGEST_LINE:
        raise ValueError(f"it has a line of {_LONGEST_LINE:,} characters or more")
    return line
