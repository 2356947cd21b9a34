"""Reads TFRecord files."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from tfp_vae import shapes
from tfp_vae.datasets.file_reader import FileReader, Shard, as_float32, unreadable


class TFRecordReader(FileReader):
    """Reads records: a `tf.train.Example` with a feature of numbers, or a serialised tensor.

    The first record says which; a feature of bytes holds a serialised tensor.

    Args:
      paths: The files; those that end in .gz are compressed.
      shard: Which records to read: whole files if there are at least as many files as shards.
      feature: The feature of a `tf.train.Example` that holds the row.
      event_shape: The shape of a row of numbers, or None for a flat row and for tensors, which have
        a shape of their own.

    Raises:
      ValueError: If the first record is neither, or has another shape.
    """

    num_rows = None

    def __init__(
        self,
        paths: Sequence[Path],
        shard: Shard,
        feature: str,
        event_shape: tuple[int, ...] | None,
    ) -> None:
        self._feature = feature
        by_file = len(paths) >= shard.num_shards
        self._paths = paths[shard.shard_index :: shard.num_shards] if by_file else paths
        self._shard_of_file = Shard(1, 0) if by_file else shard
        self.num_partitions = len(self._paths)
        self._kind: str | None = None
        first = next(self._records(paths[0], 1, Shard(1, 0)), None)
        if first is None:
            raise unreadable(paths[0], "it holds no records")
        self._find_schema(first[0], paths[0], event_shape)

    def blocks(self, partition: int) -> Iterator[np.ndarray]:
        """Reads the records of a file from its beginning to its end."""
        path = self._paths[partition]
        for records in self._records(path, self.block_rows, self._shard_of_file):
            yield self._parsed(records, path)

    def _records(self, path: Path, count: int, shard: Shard) -> Iterator[np.ndarray]:
        compression = "GZIP" if path.suffix == ".gz" else ""
        records = tf.data.TFRecordDataset(str(path), compression_type=compression)
        try:
            yield from records.shard(*shard).batch(count).as_numpy_iterator()
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
        self, records: np.ndarray, shape: Sequence[int], dtype: tf.DType, path: Path
    ) -> np.ndarray:
        schema = {self._feature: tf.io.FixedLenFeature(shape, dtype)}
        try:
            parsed = tf.io.parse_example(tf.constant(records), schema)
            values: np.ndarray = parsed[self._feature].numpy()
        except tf.errors.OpError as error:
            raise unreadable(
                path,
                f"a record must hold the feature {self._feature!r} with {dtype.name} values of "
                f"shape {shapes.written(*shape)}; {error.message}",
            ) from error
        return values

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


def _tensor(serialised: bytes, path: Path) -> np.ndarray:
    proto = tf.make_tensor_proto(0)
    try:
        proto.ParseFromString(serialised)
        values: np.ndarray = tf.make_ndarray(proto)
    except Exception as error:
        # TensorFlow raises many kinds of errors for broken protocol buffers.
        raise unreadable(
            path, "a record must be a tf.train.Example or a serialised tensor, and is neither"
        ) from error
    if values.dtype.kind not in "biuf":
        raise unreadable(path, f"a record must hold real numbers; got {values.dtype}")
    return values
