"""Data larger than memory: files read a block at a time, shuffled and batched by `tf.data`."""

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tfp_vae import checks, seeds, shapes
from tfp_vae.datasets.file_discovery import IMAGES, NPY, matching_files
from tfp_vae.datasets.image_rows import ImageRows
from tfp_vae.datasets.npy_rows import NpyRows
from tfp_vae.datasets.record_rows import RecordRows
from tfp_vae.datasets.row_files import RowFiles, Shard

_WINDOW_ROWS = 10_000
_WINDOW_BYTES = 2**25


def from_files(
    source: str | Path | Sequence[str | Path],
    batch_size: int = 100,
    shuffle: bool = True,
    seed: int = 0,
    num_shards: int = 1,
    index: int = 0,
    window: int | None = None,
    interleave: int = 8,
    prefetch: int = 2,
    feature: str = "x",
    event_shape: Sequence[int] | None = None,
    channels: int | None = None,
) -> tf.data.Dataset:
    """Reads rows of files that need not fit in memory, batch by batch; `fit` takes what it returns.

    Blocks of about a mebibyte are read in an order that is drawn anew for every epoch, several in
    turn, and their rows are shuffled within a window. The order depends on the seed, the epoch and
    the files alone. Numbers are taken as they are, but for the pixels of images, which are divided
    by 255.

    Args:
      source: A folder, a file, a pattern such as `rows/*.npy`, or a list of files; TFRecord, `.npy`
        or images (PNG, JPEG, GIF, BMP), all of one kind and with rows of one shape.
      batch_size: How many rows make a batch; the last one may be smaller.
      shuffle: Whether every epoch has an order of its own.
      seed: The seed of the orders.
      num_shards: How many shares the rows are dealt to. Leave it 1 under a strategy of
        TensorFlow's: there `fit` shares out every batch itself.
      index: Which share to read, from 0.
      window: How many rows are shuffled together; by default 10,000, or 32 MiB of them if that is
        less.
      interleave: How many blocks, or files of records, are read in turn when shuffling.
      prefetch: How many batches are read ahead.
      feature: The feature of a `tf.train.Example` that holds the row.
      event_shape: The shape of a row of numbers in a `tf.train.Example`, which is otherwise flat.
      channels: 1 for grey, 3 for colour or 4 with transparency, to decode images to; by default
        what the first image has.

    Returns:
      A `tf.data.Dataset` of batches `[B, *event]` of float32.

    Raises:
      FileNotFoundError: If no file matches.
      TypeError: If an argument is of the wrong kind.
      ValueError: If a file is broken or does not go with the others; the file is named. What shows
        only when a block is read is raised there, by `fit` as a ValueError.

    Example:
      >>> import tempfile
      >>> with tempfile.TemporaryDirectory() as folder:
      ...     np.save(f"{folder}/rows.npy", np.zeros([25, 3]))
      ...     [len(x) for x in datasets.from_files(folder, batch_size=10)]
      [10, 10, 5]
    """
    batch_size = checks.positive_int(batch_size, "batch_size")
    num_shards = checks.positive_int(num_shards, "num_shards")
    interleave = checks.positive_int(interleave, "interleave")
    prefetch = checks.positive_int(prefetch, "prefetch")
    index = checks.whole_number(index, "index")
    checks.instance_of(feature, str, "feature", "'x'")
    if index >= num_shards:
        raise ValueError(f"`index` must be from 0 to {num_shards - 1}; got {index}.")
    if channels is not None and checks.whole_number(channels, "channels") not in (1, 3, 4):
        raise ValueError(f"`channels` must be None, 1, 3 or 4; got {channels!r}.")
    if window is not None:
        window = checks.positive_int(window, "window")
    key = seeds.as_seed(seed).numpy()
    shape = None if event_shape is None else shapes.as_shape(event_shape, "event_shape")
    shard = Shard(num_shards, index)
    kind, paths = matching_files(source)
    rows: RowFiles
    if kind == NPY:
        rows = NpyRows(paths, shard)
    elif kind == IMAGES:
        rows = ImageRows(paths, shard, channels)
    else:
        rows = RecordRows(paths, shard, feature, shape)
    if window is None:
        window = max(1, min(_WINDOW_ROWS, _WINDOW_BYTES // rows.row_bytes))
    return _batches(rows, batch_size, key if shuffle else None, window, interleave, prefetch)


def _batches(
    rows: RowFiles,
    batch_size: int,
    key: np.ndarray | None,
    window: int,
    interleave: int,
    prefetch: int,
) -> tf.data.Dataset:
    epochs = itertools.count()
    signature = tf.TensorSpec([None, *rows.event_shape], tf.float32)

    def blocks(piece: Any) -> Iterator[np.ndarray]:
        return rows.blocks(int(piece))

    def in_turn(pieces: tf.data.Dataset, cycle: int) -> tf.data.Dataset:
        return pieces.interleave(
            lambda piece: tf.data.Dataset.from_generator(
                blocks, output_signature=signature, args=(piece,)
            ),
            cycle_length=cycle,
            block_length=1,
        )

    def shuffled(epoch: tf.Tensor) -> tf.data.Dataset:
        words = seeds.fold_in(tf.constant(key), epoch)

        def place(number: tf.Tensor) -> tf.Tensor:
            last = tf.constant(max(rows.pieces - 1, 0), tf.int64)
            return tf.random.experimental.index_shuffle(number, words, last)

        def mixed(number: tf.Tensor, block: tf.Tensor) -> tf.Tensor:
            return tf.random.experimental.stateless_shuffle(block, seeds.fold_in(words, number))

        pieces = tf.data.Dataset.range(rows.pieces).map(place)
        return in_turn(pieces, interleave).rebatch(window).enumerate().map(mixed)

    if key is None:
        data = in_turn(tf.data.Dataset.range(rows.pieces), 1)
    else:
        epoch = tf.data.Dataset.range(1).map(
            lambda _: tf.ensure_shape(
                tf.numpy_function(lambda: np.int64(next(epochs)), [], tf.int64), []
            )
        )
        data = epoch.flat_map(shuffled)
    data = data.rebatch(batch_size)
    if rows.rows is not None:
        data = data.apply(tf.data.experimental.assert_cardinality(-(-rows.rows // batch_size)))
    # Left to itself, TensorFlow reads ahead into ever larger buffers.
    options = tf.data.Options()
    options.autotune.enabled = False
    options.experimental_optimization.inject_prefetch = False
    return data.prefetch(prefetch).with_options(options)
