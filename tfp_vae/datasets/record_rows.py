"""Rows of TFRecord files, and how to write them."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tfp_vae import atomic_files, checks, shapes
from tfp_vae.datasets.row_files import RowFiles, Shard, as_float32, unreadable
from tfp_vae.paths import as_path


class RecordRows(RowFiles):
    """Rows that are records: examples with a feature of numbers, or serialised tensors.

    What kind they are is read from the first record; a feature of bytes holds a serialised tensor.

    Args:
      paths: The files; those that end in .gz are compressed.
      shard: Which share of the records to read: whole files where there are enough of them.
      feature: The feature of a `tf.train.Example` that holds the row.
      event_shape: The shape of a row of numbers, or None for a flat one and for tensors, which tell
        their shape themselves.

    Raises:
      ValueError: If the first record is none of these, or of another shape.
    """

    rows = None

    def __init__(
        self,
        paths: Sequence[Path],
        shard: Shard,
        feature: str,
        event_shape: tuple[int, ...] | None,
    ) -> None:
        self._feature = feature
        by_file = len(paths) >= shard.shares
        self._paths = paths[shard.number :: shard.shares] if by_file else paths
        self._every = Shard(1, 0) if by_file else shard
        self.pieces = len(self._paths)
        self._kind: str | None = None
        first = next(self._records(paths[0], 1, Shard(1, 0)), None)
        if first is None:
            raise unreadable(paths[0], "it holds no records")
        self._find_schema(first[0], paths[0], event_shape)

    def blocks(self, piece: int) -> Iterator[np.ndarray]:
        """Reads the records of a file from its beginning to its end."""
        path = self._paths[piece]
        for records in self._records(path, self.block_rows, self._every):
            yield self._parsed(records, path)

    def _records(self, path: Path, count: int, every: Shard) -> Iterator[np.ndarray]:
        compression = "GZIP" if path.suffix == ".gz" else ""
        records = tf.data.TFRecordDataset(str(path), compression_type=compression)
        try:
            yield from records.shard(*every).batch(count).as_numpy_iterator()
        except tf.errors.OpError as error:
            raise unreadable(path, error.message) from error

    def _find_schema(self, record: bytes, path: Path, event_shape: tuple[int, ...] | None) -> None:
        example = tf.train.Example()
        try:
            example.ParseFromString(record)
            features = example.features.feature
        except Exception:
            features = {}
        if not features:
            self.event_shape = event_shape or _tensor(record, path).shape
        elif self._feature not in features:
            raise unreadable(
                path,
                f"its records must have the feature {self._feature!r}; they have "
                f"{', '.join(map(repr, sorted(features)))}",
            )
        else:
            self._kind = features[self._feature].WhichOneof("kind")
            if self._kind == "bytes_list":
                values = _tensor(features[self._feature].bytes_list.value[0], path)
                self.event_shape = event_shape or values.shape
            elif self._kind is None:
                raise unreadable(path, f"the feature {self._feature!r} of a record is empty")
            else:
                numbers = getattr(features[self._feature], self._kind).value
                self.event_shape = event_shape or (len(numbers),)
        if not self.event_shape or 0 in self.event_shape:
            raise unreadable(
                path,
                "a record must hold a row of at least one value; got shape "
                f"{shapes.written(*self.event_shape)}",
            )
        self._parsed(np.array([record], dtype=object), path)

    def _parsed(self, records: np.ndarray, path: Path) -> np.ndarray:
        if self._kind is None:
            return self._stacked(records, path)
        if self._kind == "bytes_list":
            return self._stacked(self._features(records, [], tf.string, path), path)
        dtype = tf.float32 if self._kind == "float_list" else tf.int64
        return as_float32(self._features(records, self.event_shape, dtype, path), path)

    def _features(
        self, records: np.ndarray, shape: Sequence[int], dtype: Any, path: Path
    ) -> np.ndarray:
        wanted = {self._feature: tf.io.FixedLenFeature(shape, dtype)}
        try:
            return tf.io.parse_example(tf.constant(records), wanted)[self._feature].numpy()
        except tf.errors.OpError as error:
            raise unreadable(
                path,
                f"a record must hold the feature {self._feature!r} with {dtype.name} values of "
                f"shape {shapes.written(*shape)}; {error.message}",
            ) from error

    def _stacked(self, serialised: np.ndarray, path: Path) -> np.ndarray:
        rows = [_tensor(each, path) for each in serialised]
        for row in rows:
            if row.shape != self.event_shape:
                raise unreadable(
                    path,
                    f"a record must hold a tensor of shape {shapes.written(*self.event_shape)}; "
                    f"got {shapes.written(*row.shape)}",
                )
        return as_float32(np.stack(rows), path)


def write_records(path: str | Path, rows: Any, feature: str = "x") -> int:
    """Writes rows to a TFRecord file that `from_files` reads.

    A record is a `tf.train.Example` whose feature is the serialised tensor of a row, so that its
    shape and dtype come along: pixels written as uint8 take a byte each.

    Args:
      path: The file, which should end in .tfrecord, or in .tfrecord.gz to be compressed.
      rows: An array `[N, *event]`, or an iterable of arrays, which need not fit in memory together.
      feature: The name of the feature.

    Returns:
      The number of rows written.

    Raises:
      OSError: If the file cannot be written; what was there before is still there.
      TypeError: If the rows are no real numbers, or another argument is of the wrong kind.
      ValueError: If they are no rows, there are none, or they hold numbers that float32, which
        `from_files` reads, cannot represent.

    Example:
      >>> import tempfile
      >>> with tempfile.TemporaryDirectory() as folder:
      ...     datasets.write_records(f"{folder}/a.tfrecord", np.eye(4))
      4
    """
    as_path(path, "path", "x.tfrecord")
    checks.instance_of(feature, str, "feature", "'x'")
    blocks: Iterable[Any] = rows if isinstance(rows, Iterator) else [rows]
    options = tf.io.TFRecordOptions("GZIP" if str(path).endswith(".gz") else "")
    try:
        with (
            atomic_files.atomic_path(path) as temporary,
            tf.io.TFRecordWriter(str(temporary), options) as writer,
        ):
            count = sum(_write_block(writer, block, feature) for block in blocks)
            if not count:
                raise ValueError("`rows` must hold at least one row; got none.")
            return count
    except tf.errors.OpError as error:
        raise OSError(f"{str(path)!r} cannot be written: {error.message}.") from error


def _write_block(writer: tf.io.TFRecordWriter, block: Any, feature: str) -> int:
    values = checks.array(block, "rows")
    if values.dtype == tf.bfloat16.as_numpy_dtype:
        # NumPy has no name for such numbers, and float32 holds them all.
        values = values.astype(np.float32)
    if values.ndim < 2:
        raise ValueError(
            f"`rows` must have shape [rows, ...]; got shape {shapes.written(*values.shape)}."
        )
    if not values[:1].size and len(values):
        raise ValueError(
            f"`rows` must hold at least one value a row; got shape {shapes.written(*values.shape)}."
        )
    _check_is_read_as_float32(values)
    for row in values:
        value = tf.train.BytesList(value=[tf.io.serialize_tensor(row).numpy()])
        features = tf.train.Features(feature={feature: tf.train.Feature(bytes_list=value)})
        writer.write(tf.train.Example(features=features).SerializeToString())
    return len(values)


def _check_is_read_as_float32(values: np.ndarray) -> None:
    if values.dtype == np.float64:
        largest = np.max(np.abs(values), initial=0.0, where=np.isfinite(values))
        if largest > np.finfo(np.float32).max:
            raise ValueError(
                "`rows` must hold numbers that float32 can represent, as `from_files` reads them; "
                f"got {largest:g}."
            )


def _tensor(serialised: bytes, path: Path) -> np.ndarray:
    proto = tf.make_tensor_proto(0)
    try:
        proto.ParseFromString(serialised)
        values = tf.make_ndarray(proto)
    except Exception as error:
        # Protocol buffers and the tensors in them break in many ways.
        raise unreadable(
            path, "a record must be a tf.train.Example or a serialised tensor, and is neither"
        ) from error
    if values.dtype.kind not in "biuf":
        raise unreadable(path, f"a record must hold real numbers; got {values.dtype}")
    return values
