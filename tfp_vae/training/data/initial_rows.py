"""The rows of training data from which weights are initialised."""

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfp_vae.training.data import py_dataset
from tfp_vae.training.data.batch_sources import StreamSource
from tfp_vae.training.data.peeked_batches import PeekedBatches
from tfp_vae.training.data.row_readers import batches_in, is_torch_loader
from tfp_vae.training.data.stored_rows import StoredRows

_MOST_ROWS = 10_000
_MOST_VALUES = 50_000_000
_LEAST_ROWS = 1000
_MOST_READ = 100_000


def initial_rows(x: Any, row_size: int) -> np.ndarray | None:
    """Returns rows drawn at random from data, at most 10,000; or None.

    Fewer are drawn where a row is large, so that they have at most 50 million values. Batches are
    read once, and their rows kept by reservoir sampling: Vitter (1985), "Random sampling with a
    reservoir". Of a source of unknown length, which may be endless, the first 100,000 rows are
    read; of an iterator, only its first ones. An iterator that cannot be peeked at gives None,
    since batches taken from it would be lost to training.

    Args:
      x: An array `[N, ...]`, stored rows, a source of batches, or a `StreamSource` of one, which
        checks each batch that is read.
      row_size: The number of values in a row.

    Raises:
      TypeError: If a checked batch holds no real numbers.
      ValueError: If a checked batch does not fit the model.
    """
    found = initial_pairs(x, None, row_size)
    return None if found is None else found[0]


def initial_pairs(
    x: Any, y: np.ndarray | None, row_size: int
) -> tuple[np.ndarray, np.ndarray | None] | None:
    """Returns rows drawn as by `initial_rows`, and their y; or None.

    Args:
      x: As of `initial_rows`.
      y: The y of every row of an array, `[N, ...]`, or None; batches hold their own.
      row_size: The number of values in a row.

    Returns:
      The rows, and their y, None where there is none.

    Raises:
      TypeError: If a checked batch holds no real numbers.
      ValueError: If a checked batch does not fit the model.
    """
    most = int(np.clip(_MOST_VALUES // max(row_size, 1), _LEAST_ROWS, _MOST_ROWS))
    if isinstance(x, (np.ndarray, StoredRows)):
        drawn = np.sort(np.random.default_rng(0).permutation(len(x))[:most])
        rows = x.gathered(drawn) if isinstance(x, StoredRows) else x[drawn]
        return rows, None if y is None else y[drawn]
    batches, to_read = _batches(x.data if isinstance(x, StreamSource) else x, most)
    if batches is None:
        return None
    if isinstance(x, StreamSource) and not isinstance(x.data, tf.data.Dataset):
        batches = _checked(batches, x)
    return _sampled(batches, most, to_read)


def _batches(x: Any, most: int) -> tuple[Iterator[Any] | None, int | None]:
    """Returns the batches of a source that are read, and how many rows; None for all."""
    if isinstance(x, tf.data.Dataset):
        return iter(x), None if int(x.cardinality()) >= 0 else _MOST_READ
    if isinstance(x, keras.utils.PyDataset):
        count = x.num_batches
        order = None if count is None else np.arange(count)
        return py_dataset.batches(x, order), None if count else _MOST_READ
    if is_torch_loader(x):
        return iter(x), None if batches_in(x) is not None else _MOST_READ
    if isinstance(x, PeekedBatches):
        return x.peek(), most
    return None, None


def _checked(batches: Iterator[Any], source: StreamSource) -> Iterator[Any]:
    """Yields batches that fit the model; datasets of TensorFlow check their own."""
    for batch in batches:
        source.check_batch(batch)
        yield batch


def _sampled(
    batches: Iterator[Any], most: int, to_read: int | None
) -> tuple[np.ndarray, np.ndarray | None] | None:
    """Returns at most `most` rows of batches, each of those read with the same probability.

    Their y come with them, where the batches hold any.
    """
    generator = np.random.default_rng(0)
    kept: list[np.ndarray] = []
    read = 0
    for batch in batches:
        x, y, _ = keras.utils.unpack_x_y_sample_weight(batch)
        parts = [np.asarray(part) for part in (x, y) if part is not None]
        free, count = max(most - read, 0), len(parts[0])
        first = [part[: most if not read else free] for part in parts]
        kept = (
            [np.concatenate(pair) for pair in zip(kept, first, strict=True)]
            if read
            else [part.copy() for part in first]
        )
        later = [part[len(first[0]) :] for part in parts]
        numbers = np.arange(read + count - len(later[0]), read + count)
        places = generator.integers(0, numbers + 1)
        for index, place in enumerate(places):
            if place < most:
                for target, source in zip(kept, later, strict=True):
                    target[place] = source[index]
        read += count
        if to_read is not None and read >= to_read:
            break
    return (kept[0], kept[1] if len(kept) > 1 else None) if kept else None
