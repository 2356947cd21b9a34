"""Writes TFRecord files."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from tfp_vae import atomic_files, checks, shapes
from tfp_vae.paths import as_path


def write_records(
    path: str | Path, rows: npt.ArrayLike | Iterator[npt.ArrayLike], feature: str = "x"
) -> int:
    """Writes rows to a TFRecord file that `from_files` reads.

    A record is a `tf.train.Example` whose feature is the serialised tensor of a row, with its shape
    and dtype: pixels written as uint8 take a byte each.

    Args:
      path: The file, which should end in .tfrecord, or in .tfrecord.gz to be compressed.
      rows: An array `[N, *event]`, or an iterable of arrays, which need not fit in memory together.
      feature: The name of the feature.

    Returns:
      The number of rows written.

    Raises:
      OSError: If the file cannot be written; what was there before is still there.
      TypeError: If the rows are no real numbers, or another argument is of the wrong kind.
      ValueError: If they are no rows, there are none, or a number is too large for float32, which
        `from_files` reads.

    Example:
      >>> import tempfile
      >>> with tempfile.TemporaryDirectory() as folder:
      ...     datasets.write_records(f"{folder}/a.tfrecord", np.eye(4))
      4
    """
    as_path(path, "path", "x.tfrecord")
    checks.instance_of(feature, str, "feature", "'x'")
    blocks: Iterable[npt.ArrayLike] = rows if isinstance(rows, Iterator) else [rows]
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


def _write_block(writer: tf.io.TFRecordWriter, block: npt.ArrayLike, feature: str) -> int:
    values = checks.array(block, "rows")
    if values.dtype == tf.bfloat16.as_numpy_dtype:
        # NumPy has no bfloat16 of its own; float32 represents all its numbers.
        values = values.astype(np.float32)
    if values.ndim < 2:
        raise ValueError(
            f"`rows` must have shape [rows, ...]; got shape {shapes.written(*values.shape)}."
        )
    if not values[:1].size and len(values):
        raise ValueError(
            f"`rows` must hold at least one value a row; got shape {shapes.written(*values.shape)}."
        )
    _check_fits_float32(values)
    for row in values:
        value = tf.train.BytesList(value=[tf.io.serialize_tensor(row).numpy()])
        features = tf.train.Features(feature={feature: tf.train.Feature(bytes_list=value)})
        writer.write(tf.train.Example(features=features).SerializeToString())
    return len(values)


def _check_fits_float32(values: np.ndarray) -> None:
    if values.dtype == np.float64:
        largest = np.max(np.abs(values), initial=0.0, where=np.isfinite(values))
        if largest > np.finfo(np.float32).max:
            raise ValueError(
                "`rows` must hold numbers that float32 can represent, as `from_files` reads them; "
                f"got {largest:g}."
            )
