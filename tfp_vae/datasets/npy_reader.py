"""Reads `.npy` files through memory maps."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from tfp_vae import shapes
from tfp_vae.datasets.file_reader import (
    FileReader,
    Shard,
    as_float32,
    check_numbers,
    numpy_reason,
    unreadable,
)


class NpyReader(FileReader):
    """Reads the rows of several arrays `[N, *event]` as if they were one array.

    Args:
      paths: The files.
      shard: Which rows to read.

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
        self.num_rows = self._end - self._first
        self.num_partitions = -(-self.num_rows // self.block_rows)

    def blocks(self, partition: int) -> Iterator[np.ndarray]:
        """Reads the rows of a partition, from one file or from consecutive ones."""
        row = self._first + partition * self.block_rows
        end = min(row + self.block_rows, self._end)
        while row < end:
            number = int(np.searchsorted(self._ends, row, side="right"))
            before = int(self._ends[number - 1]) if number else 0
            until = min(end, int(self._ends[number]))
            # A memory map that stays open keeps every page that was read from it.
            array = _opened(self._paths[number])
            yield as_float32(array[row - before : until - before], self._paths[number])
            row = until


def _opened(path: Path) -> np.ndarray:
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except Exception as error:
        # NumPy raises many kinds of errors for broken or hostile headers.
        raise unreadable(path, numpy_reason(error)) from error
    return check_numbers(array, path)
