"""Rows of `.npy` files, read through memory maps."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from tfp_vae import shapes
from tfp_vae.datasets.row_files import (
    RowFiles,
    Shard,
    as_float32,
    check_numbers,
    reason_of,
    unreadable,
)


class NpyRows(RowFiles):
    """The rows of arrays `[N, *event]`, which are read as if they were one.

    Args:
      paths: The files.
      shard: Which share of the rows to read.

    Raises:
      ValueError: If a file is broken, holds no rows of numbers, or rows of another shape.
    """

    def __init__(self, paths: Sequence[Path], shard: Shard) -> None:
        self._paths = paths
        counts = []
        for path in paths:
            array = _opened(path)
            if path is paths[0]:
                self.event_shape = array.shape[1:]
            if array.shape[1:] != self.event_shape:
                raise unreadable(
                    path,
                    f"its rows must have the shape of those of {str(paths[0])!r}, "
                    f"{shapes.written(*self.event_shape)}; got {shapes.written(*array.shape[1:])}",
                )
            counts.append(len(array))
        self._ends = np.cumsum(counts)
        self._first, self._end = shard.bounds(int(self._ends[-1]))
        self.rows = self._end - self._first
        self.pieces = -(-self.rows // self.block_rows)

    def blocks(self, piece: int) -> Iterator[np.ndarray]:
        """Reads the rows of a piece, of one file or of several that follow one another."""
        row = self._first + piece * self.block_rows
        end = min(row + self.block_rows, self._end)
        while row < end:
            number = int(np.searchsorted(self._ends, row, side="right"))
            before = int(self._ends[number - 1]) if number else 0
            until = min(end, int(self._ends[number]))
            # A map that stays open would keep every page that was ever read.
            array = _opened(self._paths[number])
            yield as_float32(array[row - before : until - before], self._paths[number])
            row = until


def _opened(path: Path) -> np.ndarray:
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except Exception as error:
        # What a broken or hostile header makes NumPy raise is of many kinds.
        raise unreadable(path, reason_of(error)) from error
    check_numbers(array, path)
    return array
