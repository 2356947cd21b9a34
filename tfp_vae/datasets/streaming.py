"""Data larger than memory: files read block by block, shuffled and batched by `tf.data`."""

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from tfp_vae import checks, pipeline_errors, seeds, shapes
from tfp_vae.datasets.arrow_reader import ArrowReader
from tfp_vae.datasets.file_discovery import ARROW, IMAGES, NPY, matching_files
from tfp_vae.datasets.file_reader import FileReader, Shard
from tfp_vae.datasets.image_reader import ImageReader
from tfp_vae.datasets.image_size import image_size
from tfp_vae.datasets.npy_reader import NpyReader
from tfp_vae.datasets.tfrecord_reader import TFRecordReader

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
    size: Sequence[int] | None = None,
    resize: str = "crop",
) -> tf.data.Dataset:
    """Makes a dataset of batches, for `fit`, from files that need not fit in memory.

    Every epoch reads blocks of about 1 MiB in an order of its own, several in turn, and shuffles
    their rows within a window. The order depends only on the seed, the epoch and the files. Numbers
    stay as they are; the pixels of images are divided by their largest value, 255 or 65535.

    Args:
      source: A folder, a file, a pattern such as `rows/*.npy`, or a list of files; TFRecord,
        `.npy`, tables of numbers (`.parquet`, `.arrow`, `.feather`, for which PyArrow is needed;
        nulls become NaN) or images (PNG of 8 or 16 bits, JPEG, turned upright, the first frame of a
        GIF, BMP), all of one format and with rows of one shape. Videos beside images are left out
        with a warning.
      batch_size: The number of rows in a batch; the last one may be smaller.
      shuffle: Whether to shuffle, in a new order every epoch.
      seed: The seed of the orders.
      num_shards: The number of shards that the rows are divided into. Leave it 1 under a strategy
        of `tf.distribute`, where `fit` divides every batch itself.
      index: Which shard to read, from 0.
      window: The number of rows that are shuffled together; by default 10,000, or 32 MiB of them if
        that is less.
      interleave: The number of blocks, or of TFRecord files, that are read in turn when shuffling.
      prefetch: The number of batches that are read ahead.
      feature: The feature of a `tf.train.Example` that holds the row.
      event_shape: The shape of a row of numbers in a `tf.train.Example`; by default it is flat.
      channels: 1 for grey, 3 for colour or 4 with transparency, to decode images to; by default
        those of the first image.
      size: Height and width, such as (64, 64), that images of unequal sizes are brought to, their
        proportions kept; None for images of one size.
      resize: How: "crop" covers the size and takes the centre of the image, "pad" fits the image in
        and adds zeros around it.

    Returns:
      A `tf.data.Dataset` of batches `[B, *event]` of float32.

    Raises:
      FileNotFoundError: If no file matches.
      ImportError: If PyArrow is needed and not installed.
      TypeError: If an argument is of the wrong kind.
      ValueError: If a file is broken or does not fit the others; the file is named. An error that
        appears only when a block is read is raised by `fit`, as a ValueError.

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
    wanted_size = image_size(size, resize)
    if window is not None:
        window = checks.positive_int(window, "window")
    order_seed = seeds.as_seed(seed).numpy() if shuffle else None
    shape = None if event_shape is None else shapes.as_shape(event_shape, "event_shape")
    shard = Shard(num_shards, index)
    file_format, paths = matching_files(source)
    reader: FileReader
    if file_format == NPY:
        reader = NpyReader(paths, shard)
    elif file_format == IMAGES:
        reader = ImageReader(paths, shard, channels, wanted_size)
    elif file_format == ARROW:
        reader = ArrowReader(paths, shard)
    else:
        reader = TFRecordReader(paths, shard, feature, shape)
    if window is None:
        window = max(1, min(_WINDOW_ROWS, _WINDOW_BYTES // reader.row_bytes))
    return _batches(reader, batch_size, order_seed, window, interleave, prefetch)


def _batches(
    reader: FileReader,
    batch_size: int,
    order_seed: np.ndarray | None,
    window: int,
    interleave: int,
    prefetch: int,
) -> tf.data.Dataset:
    """Returns batches of the rows, in the order of the files if there is no seed of an order."""
    if order_seed is None:
        blocks = _blocks(reader, tf.data.Dataset.range(reader.num_partitions), cycle_length=1)
    else:

        def shuffled(epoch: tf.Tensor) -> tf.data.Dataset:
            seed = seeds.fold_in(tf.constant(order_seed), epoch)
            return _shuffled_blocks(reader, seed, window, interleave)

        blocks = _epoch_number().flat_map(tf.autograph.experimental.do_not_convert(shuffled))
    batches = blocks.rebatch(batch_size)
    if reader.num_rows is not None:
        count = -(-reader.num_rows // batch_size)
        batches = batches.apply(tf.data.experimental.assert_cardinality(count))
    # By itself, TensorFlow reads ahead into ever larger buffers.
    options = tf.data.Options()
    options.autotune.enabled = False
    options.experimental_optimization.inject_prefetch = False
    return batches.prefetch(prefetch).with_options(options)


def _epoch_number() -> tf.data.Dataset:
    """Returns a dataset of one number, which counts how often the dataset has been iterated."""
    counter = itertools.count()

    def next_number(_: tf.Tensor) -> tf.Tensor:
        number = tf.numpy_function(lambda: np.int64(next(counter)), [], tf.int64)
        return tf.ensure_shape(number, [])

    return tf.data.Dataset.range(1).map(next_number)


def _blocks(reader: FileReader, partitions: tf.data.Dataset, cycle_length: int) -> tf.data.Dataset:
    """Returns the blocks of some partitions, `cycle_length` of which are read in turn."""
    signature = tf.TensorSpec([None, *reader.event_shape], tf.float32)

    def read(number: np.integer) -> Iterator[np.ndarray]:
        with pipeline_errors.recorded():
            yield from reader.blocks(int(number))

    def blocks_of(partition: tf.Tensor) -> tf.data.Dataset:
        return tf.data.Dataset.from_generator(read, output_signature=signature, args=(partition,))

    return partitions.interleave(blocks_of, cycle_length=cycle_length, block_length=1)


def _shuffled_blocks(
    reader: FileReader, seed: tf.Tensor, window: int, interleave: int
) -> tf.data.Dataset:
    """Returns blocks of `window` rows, shuffled, from partitions in an order drawn from `seed`."""
    last = tf.constant(max(reader.num_partitions - 1, 0), tf.int64)

    def permuted(number: tf.Tensor) -> tf.Tensor:
        return tf.random.experimental.index_shuffle(number, seed, last)

    def shuffled(number: tf.Tensor, block: tf.Tensor) -> tf.Tensor:
        return tf.random.experimental.stateless_shuffle(block, seeds.fold_in(seed, number))

    partitions = tf.data.Dataset.range(reader.num_partitions).map(permuted)
    return _blocks(reader, partitions, interleave).rebatch(window).enumerate().map(shuffled)
