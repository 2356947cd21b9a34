"""Reads an array from an HDF5 file, which need not be trusted."""

from pathlib import Path

import h5py
import numpy as np

PREFERRED = ("x", "x_train", "data")
_MOST_EXPANSION, _ALWAYS_READ_BYTES = 100, 2**28


def array_of_hdf5(path: Path) -> np.ndarray:
    """Reads the only dataset of a file, or the one called `x`, `x_train` or `data`.

    Links to other files are not followed.

    Raises:
      ValueError: If there are several others, or it reads from other files, or unpacks to far more
        than the size of the file.
      OSError: If it is no HDF5 file.
    """
    with h5py.File(path, "r") as file:
        found: dict[str, h5py.Dataset] = {}
        file.visititems(
            lambda name, item: (
                found.update({name: item}) if isinstance(item, h5py.Dataset) else None
            )
        )
        chosen = [name for name in PREFERRED if name in found] or list(found)
        if len(chosen) != 1 and chosen == list(found):
            advice = f": `h5py.File(path)[{next(iter(found))!r}]` is one of them" if found else ""
            raise ValueError(
                "it must hold one dataset, or one called 'x'; it holds "
                f"{', '.join(map(repr, list(found)[:9])) or 'none'}{advice}"
            )
        dataset = found[chosen[0]]
        if dataset.external or dataset.is_virtual:
            raise ValueError(f"its dataset {chosen[0]!r} lies in other files, which are not read")
        size = dataset.size * dataset.dtype.itemsize if dataset.size else 0
        if size > max(_ALWAYS_READ_BYTES, _MOST_EXPANSION * path.stat().st_size):
            raise ValueError(
                f"it unpacks to {size:,} bytes, more than {_MOST_EXPANSION} times its size"
            )
        return np.asarray(dataset[()])
