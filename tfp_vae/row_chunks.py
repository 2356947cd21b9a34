"""Chunks of rows of one size, so that a compiled function runs for all of them."""

from collections.abc import Iterator

import numpy as np


def row_chunks(
    rows: int, size: int, fixed_size: bool = False
) -> Iterator[tuple[int, int, np.ndarray]]:
    """Yields for every chunk its first row, the number of its rows, and the indices to take.

    The indices of the last chunk are padded with its last row.

    Args:
      rows: The number of rows.
      size: The number of rows in a chunk.
      fixed_size: Whether fewer rows than `size` are padded to `size` too; by default they make a
        smaller chunk.
    """
    width = size if fixed_size else min(size, rows)
    for start in range(0, rows, size):
        count = min(size, rows - start)
        yield start, count, np.minimum(np.arange(start, start + width), start + count - 1)
