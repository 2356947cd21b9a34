"""Files of rows that are read a block at a time."""

import abc
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tfp_vae import shapes

_BLOCK_BYTES = 2**20


class Shard(NamedTuple):
    """Which of several shares of some rows is meant: that of a `number` from 0."""

    shares: int
    number: int

    def bounds(self, rows: int) -> tuple[int, int]:
        """Returns the first row of the share, and the one after its last."""
        return rows * self.number // self.shares, rows * (self.number + 1) // self.shares


class RowFiles(abc.ABC):
    """Rows of one shape in files of one kind, in pieces that can be read in any order.

    Attributes:
      event_shape: The shape of one row.
      pieces: How many pieces there are.
      rows: How many rows all pieces hold, or None if that takes reading them.
    """

    event_shape: tuple[int, ...]
    pieces: int
    rows: int | None

    @abc.abstractmethod
    def blocks(self, piece: int) -> Iterator[np.ndarray]:
        """Reads the rows of a piece as blocks `[K, *event]` of float32.

        Raises:
          ValueError: If a file is not what its beginning promised; the file is named.
        """

    @property
    def row_bytes(self) -> int:
        """The memory that one row takes as float32."""
        return 4 * int(np.prod(self.event_shape))

    @property
    def block_rows(self) -> int:
        """How many rows are read at once: about a mebibyte of them."""
        return max(1, _BLOCK_BYTES // self.row_bytes)


def unreadable(path: Path, reason: object) -> ValueError:
    """Returns the error for a file that is not what it should be, in one line."""
    told = " ".join(str(reason).split()).rstrip(".")
    return ValueError(f"{str(path)!r} cannot be read: {told}.")


def reason_of(error: Exception) -> str:
    """Returns why NumPy could not read a file, without its advice to unpickle it."""
    told = (str(error) or type(error).__name__).splitlines()[0].partition(": <")[0]
    return "it holds Python objects, which are not read" if "pickle" in told else told


def check_numbers(values: Any, path: Path) -> None:
    """Checks that what a file holds is an array `[rows, ...]` of real numbers.

    Raises:
      ValueError: If it is not; the file is named.
    """
    if not isinstance(values, np.ndarray):
        raise unreadable(path, "it must hold an array")
    if values.dtype.kind not in "biuf":
        raise unreadable(path, f"it must hold real numbers; got {values.dtype}")
    if values.ndim < 2 or values.size == 0:
        raise unreadable(
            path,
            "it must hold rows of values, [rows, ...]; got an array of shape "
            f"{shapes.written(*values.shape)}",
        )


def as_float32(rows: np.ndarray, path: Path) -> np.ndarray:
    """Returns rows as a copy of float32.

    Raises:
      ValueError: If a finite number is too large for float32; the file is named.
    """
    with np.errstate(over="ignore"):
        copied = rows.astype(np.float32)
    if (np.isinf(copied) & np.isfinite(rows)).any():
        raise unreadable(path, "it holds numbers that are too large for float32")
    return copied
