"""What the readers of files have in common: rows of one shape, read block by block."""

import abc
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tfp_vae import shapes

_BLOCK_BYTES = 2**20


class Shard(NamedTuple):
    """One of several shards of some rows.

    Attributes:
      num_shards: The number of shards.
      shard_index: Which of them, from 0.
    """

    num_shards: int
    shard_index: int

    def bounds(self, rows: int) -> tuple[int, int]:
        """Returns the first row of the shard, and the one after its last."""
        first, after = (
            rows * index // self.num_shards for index in (self.shard_index, self.shard_index + 1)
        )
        return first, after


class FileReader(abc.ABC):
    """Reads rows of one shape from files of one format, in partitions that can come in any order.

    Attributes:
      event_shape: The shape of one row.
      num_partitions: The number of partitions.
      num_rows: The number of rows in all partitions, or None if it is unknown before reading.
    """

    event_shape: tuple[int, ...]
    num_partitions: int
    num_rows: int | None

    @abc.abstractmethod
    def blocks(self, partition: int) -> Iterator[np.ndarray]:
        """Reads the rows of a partition as blocks `[K, *event]` of float32.

        Raises:
          ValueError: If a file does not hold what its header says; the file is named.
        """

    @property
    def row_bytes(self) -> int:
        """The memory of one row as float32, in bytes."""
        return 4 * int(np.prod(self.event_shape))

    @property
    def block_rows(self) -> int:
        """The number of rows in a block: about 1 MiB of them."""
        return max(1, _BLOCK_BYTES // self.row_bytes)


def unreadable(path: Path, reason: object) -> ValueError:
    """Returns the error for a file that cannot be read, in one line."""
    text = " ".join(str(reason).split()).rstrip(".")
    return ValueError(f"{str(path)!r} cannot be read: {text}.")


def numpy_reason(error: Exception) -> str:
    """Returns why NumPy could not read a file, without its advice to unpickle it."""
    reason = (str(error) or type(error).__name__).splitlines()[0].partition(": <")[0]
    return "it holds Python objects, which are not read" if "pickle" in reason else reason


def check_numbers(values: object, path: Path) -> np.ndarray:
    """Returns what a file holds if it is an array `[rows, ...]` of real numbers.

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
    return values


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
