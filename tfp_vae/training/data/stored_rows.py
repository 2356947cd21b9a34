"""Rows that stay where they are stored, and are read as they are wanted."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from tfp_vae import checks, shapes
from tfp_vae.training.data.row_readers import RowReader, reader_of

_BLOCK_BYTES = 2**26
_BYTES = 4


class StoredRows:
    """Rows in a file, a sparse matrix, a ragged tensor or a PyTorch dataset.

    Args:
      reader: Reads the rows.
      name: The caller's name for them.
      rows: Which of the reader's rows they are.
    """

    def __init__(self, reader: RowReader, name: str, rows: range) -> None:
        self._reader, self._name, self._rows = reader, name, rows
        self.shape = (len(rows), *reader.shape[1:])

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, rows: slice) -> "StoredRows":
        """Returns consecutive rows, which are not read."""
        return StoredRows(self._reader, self._name, self._rows[rows])

    @property
    def rows_at_once(self) -> int:
        """The number of rows that are read together: about 64 MiB of them."""
        return max(1, _BLOCK_BYTES // (_BYTES * max(1, shapes.size_of(self.shape[1:]))))

    def gathered(self, indices: np.ndarray) -> np.ndarray:
        """Reads the rows with indices `[M]`, in any order, as an array `[M, *event]`."""
        ascending, places = np.unique(indices, return_inverse=True)
        return checks.array(self._reader.rows(ascending + self._rows.start), self._name)[places]

    def blocks(self) -> Iterator[np.ndarray]:
        """Reads all rows in order, as blocks `[K, *event]`."""
        for start in range(0, len(self), self.rows_at_once):
            yield self.gathered(np.arange(start, min(start + self.rows_at_once, len(self))))


def stored_rows(
    x: Any, name: str = "x", row_shape: tuple[int, ...] | None = None
) -> StoredRows | None:
    """Returns the rows of what is no array; None for anything else.

    They are those of a file, a sparse matrix, a ragged tensor or a PyTorch dataset.

    Args:
      x: Any data.
      name: The caller's name for `x`.
      row_shape: The shape of the rows that are wanted, up to which those of a ragged tensor are
        filled; None for that of the longest.

    Raises:
      TypeError: If `x` holds rows that cannot be read one by one, or no numbers.
      ValueError: If it holds no rows, or they cannot be filled up.
    """
    reader = reader_of(x, name, row_shape)
    if reader is None:
        return None
    if not reader.shape[0]:
        raise ValueError(
            f"`{name}` must hold at least one row; got shape {shapes.written(*reader.shape)}."
        )
    return StoredRows(reader, name, range(reader.shape[0]))
