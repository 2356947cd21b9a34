"""Blocks of rows of the same size, so that what is compiled for one serves them all."""

from collections.abc import Iterator

import numpy as np


def row_blocks(rows: int, size: int) -> Iterator[tuple[int, int, np.ndarray]]:
    """Yields for every block its first row, how many rows are its own, and its row numbers.

    The last block is filled up with its last row. With fewer rows than `size` there is one block.
    """
    width = min(size, rows)
    for start in range(0, rows, size):
        count = min(size, rows - start)
        yield start, count, np.minimum(np.arange(start, start + width), start + count - 1)
