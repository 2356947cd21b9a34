"""Arrays from files."""

import csv
from pathlib import Path

import numpy as np

_PREFERRED = ("x", "x_train", "data")
_SUFFIXES = (".npy", ".npz", ".csv")


def from_file(path: str | Path) -> np.ndarray:
    """Reads the rows of a `.npy`, `.npz` or `.csv` file.

    Of several arrays in a `.npz` the one called `x`, `x_train` or `data` is taken. A `.csv` holds
    numbers separated by commas, with or without a line of names at the top.

    Args:
      path: The file.

    Returns:
      An array `[N, ...]`.

    Raises:
      FileNotFoundError: If there is no such file.
      ValueError: If the file is of another kind, broken, empty, or holds anything but numbers.
    """
    path = Path(path)
    if path.suffix.lower() not in _SUFFIXES:
        raise ValueError(f"A file of data must end in .npy, .npz or .csv; got {path.name!r}.")
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {str(path)!r}.")
    values = _from_csv(path) if path.suffix.lower() == ".csv" else _from_numpy(path)
    if values.ndim < 2 or values.shape[0] == 0:
        raise ValueError(
            f"{path.name!r} must hold rows of values, [rows, ...]; got an array of shape "
            f"{list(values.shape)}."
        )
    return values


def _from_numpy(path: Path) -> np.ndarray:
    try:
        with path.open("rb") as file:
            loaded = np.load(file, allow_pickle=False)
            if isinstance(loaded, np.ndarray):
                return loaded
            names = list(loaded.files)
            chosen = [name for name in _PREFERRED if name in names] or names
            if len(chosen) != 1 and chosen == names:
                raise ValueError(
                    f"it must hold one array, or one called 'x'; it holds {', '.join(names)}"
                )
            return loaded[chosen[0]]
    except Exception as error:
        # What a broken or hostile archive makes NumPy and zlib raise is of many kinds.
        raise ValueError(f"{path.name!r} cannot be read: {str(error).rstrip('.')}.") from error


def _from_csv(path: Path) -> np.ndarray:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            first = next(csv.reader(file), None)
            if first is None:
                raise ValueError("it is empty")
            header = 0 if all(_is_number(cell) for cell in first) else 1
            file.seek(0)
            return np.loadtxt(file, delimiter=",", skiprows=header, ndmin=2, quotechar='"')
    except (ValueError, csv.Error) as error:
        raise ValueError(
            f"{path.name!r} cannot be read as numbers: {str(error).rstrip('.')}."
        ) from error


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
