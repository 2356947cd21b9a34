"""Reads Parquet and Arrow files through PyArrow, a group of rows at a time."""

import contextlib
import importlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tfp_vae.datasets.file_reader import FileReader, Shard, as_float32, unreadable

_FILE_MARK = b"ARROW1"
"""What an Arrow file begins with; a stream, as Hugging Face's datasets write, does not."""


class _Group(NamedTuple):
    """Rows that a file stores together: a row group of Parquet, or a record batch of Arrow.

    Attributes:
      path: The file.
      number: Its number in the file.
      first: The number of its first row, counted over all files.
      end: The number after that of its last row.
    """

    path: Path
    number: int
    first: int
    end: int


class ArrowReader(FileReader):
    """Reads the rows of several tables of numbers as if they were one; nulls become NaN.

    Args:
      paths: The files, `.parquet`, or Arrow files: `.arrow` or `.feather`.
      shard: Which rows to read.

    Raises:
      ImportError: If PyArrow is not installed.
      ValueError: If a file is broken, holds no rows, a column that is no number, or other columns
        than the first file.
    """

    def __init__(self, paths: Sequence[Path], shard: Shard) -> None:
        groups: list[_Group] = []
        columns: list[str] = []
        rows = 0
        for path in paths:
            with _reading(path), _opened(path) as file:
                names, sizes = _columns(file), _sizes(file)
            columns = columns or names
            if names != columns:
                odd = sorted(set(names) ^ set(columns)) or names
                raise unreadable(
                    path,
                    f"it must have the columns of {str(paths[0])!r}, in their order; it differs in "
                    f"{', '.join(map(repr, odd[:5]))}",
                )
            for number, size in enumerate(sizes):
                groups.append(_Group(path, number, rows, rows + size))
                rows += size
        if not rows:
            raise unreadable(paths[0], "it holds no rows")
        self.event_shape = (len(columns),)
        self._first, self._end = shard.bounds(rows)
        self._groups = [
            group for group in groups if group.first < self._end and self._first < group.end
        ]
        self.num_rows = self._end - self._first
        self.num_partitions = len(self._groups)

    def blocks(self, partition: int) -> Iterator[np.ndarray]:
        """Reads the rows of a group, those of the shard."""
        group = self._groups[partition]
        row = group.first
        with _reading(group.path), _opened(group.path) as file:
            for table in _batches(file, group.number, self.block_rows):
                values = np.stack([_numbers(column) for column in table.columns], axis=1)
                own = values[max(self._first - row, 0) : max(self._end - row, 0)]
                row += len(values)
                if len(own):
                    yield as_float32(own, group.path)


class _Stream(NamedTuple):
    """Record batches of an Arrow stream, which lie in its memory map.

    Attributes:
      schema: The `pyarrow.Schema` of the columns.
      batches: The record batches.
    """

    schema: Any
    batches: Sequence[Any]

    @property
    def num_record_batches(self) -> int:
        """The number of record batches."""
        return len(self.batches)

    def get_batch(self, number: int) -> Any:
        """Returns a record batch."""
        return self.batches[number]


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Opens a file, as a `pyarrow.parquet.ParquetFile` or a `pyarrow.RecordBatchFileReader`."""
    if path.suffix.lower() == ".parquet":
        with _module("pyarrow.parquet").ParquetFile(path) as file:
            yield file
    else:
        arrow = _module("pyarrow")
        with arrow.memory_map(str(path)) as mapped:
            if mapped.read(len(_FILE_MARK)) == _FILE_MARK:
                with arrow.ipc.open_file(mapped) as file:
                    yield file
            else:
                mapped.seek(0)
                with arrow.ipc.open_stream(mapped) as stream:
                    yield _Stream(stream.schema, list(stream))


def _module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(
            'Parquet and Arrow files need PyArrow: install it with `pip install "tfp-vae[arrow]"`.'
        ) from error


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Turns the many kinds of PyArrow's errors into a ValueError that names the file."""
    try:
        yield
    except ImportError:
        raise
    except Exception as error:
        if str(error).startswith(repr(str(path))):
            raise
        raise unreadable(path, error) from error


def _columns(file: Any) -> list[str]:
    """Returns the names of the columns.

    Raises:
      ValueError: If one of them holds other than numbers, or there is none.
    """
    arrow = _module("pyarrow")
    schema = getattr(file, "schema_arrow", None) or file.schema
    for field in schema:
        kind = field.type
        if not (
            arrow.types.is_integer(kind)
            or arrow.types.is_floating(kind)
            or arrow.types.is_decimal(kind)
            or arrow.types.is_boolean(kind)
        ):
            advice = (
                "write one column for each number"
                if arrow.types.is_nested(kind)
                else "`tables.read` reads tables with words and dates"
            )
            raise ValueError(
                f"every column must hold numbers; got {field.name!r} of {kind}: {advice}"
            )
    if not len(schema):
        raise ValueError("it has no columns")
    return list(schema.names)


def _sizes(file: Any) -> list[int]:
    """Returns the number of rows of every group."""
    if hasattr(file, "num_row_groups"):
        return [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)]
    return [file.get_batch(n).num_rows for n in range(file.num_record_batches)]


def _batches(file: Any, group: int, rows: int) -> Iterator[Any]:
    """Yields the rows of a group as record batches of at most so many rows."""
    if hasattr(file, "num_row_groups"):
        yield from file.iter_batches(batch_size=rows, row_groups=[group])
        return
    whole = file.get_batch(group)
    for start in range(0, whole.num_rows, rows):
        yield whole.slice(start, rows)


def _numbers(column: Any) -> np.ndarray:
    """Returns a column as float64, NaN where it is null."""
    values = column.cast("float64").to_numpy(zero_copy_only=False)
    return np.asarray(values, np.float64)
