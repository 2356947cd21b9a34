"""Sources of batches, one for each kind of data."""

import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol, TypeAlias

import keras
import numpy as np
import tensorflow as tf

from tfp_vae.training.data import py_dataset
from tfp_vae.training.data.pipeline_options import untuned
from tfp_vae.training.data.row_readers import batches_in, is_torch_loader
from tfp_vae.training.data.stored_rows import StoredRows
from tfp_vae.training.data.validation import BatchValidator

Batch: TypeAlias = Any
"""x alone, (x, y) or (x, y, weights), in tensors; y and weights may be None."""


class BatchSource(Protocol):
    """Data in batches.

    Attributes:
      count: The number of batches in an epoch, or None if unknown.
      order: The row indices in the order of the latest epoch, or None if unknown.
    """

    count: int | None
    order: np.ndarray | None

    def epoch(self, epoch: int, key: Any = None) -> Iterator[Batch]:
        """Returns the batches of an epoch; a `tf.data.Iterator` if TensorFlow reads them.

        Args:
          epoch: The number of the epoch, from 0.
          key: The key of the row order, `[2]` of 32-bit integers; None for no shuffling.
        """


class RowSource(BatchSource, Protocol):
    """Batches of rows that can be read by their indices.

    Attributes:
      batch_size: The number of rows in a batch; the last batch may have fewer.
    """

    batch_size: int

    def order_of(self, epoch: int, key: Any = None) -> np.ndarray:
        """Returns the row indices in the order of an epoch, `[N]`."""

    def parts(
        self, order: np.ndarray, batches: int | None = None
    ) -> Iterator[tuple[Batch, np.ndarray]]:
        """Yields rows in memory, and the indices in them of the rows of several batches.

        Args:
          order: The indices of rows, `[M]`.
          batches: The most batches of a part; None for as many as can be.
        """


class Rows(NamedTuple):
    """Data of which every row can be read by its index.

    Attributes:
      x: The rows, `[N, ...]`, in memory or stored.
      weights: Their weights, `[N]`, or None.
      condition: The y of every row, `[N, ...]`, for a model of p(x|y), or None.
    """

    x: np.ndarray | StoredRows
    weights: np.ndarray | None = None
    condition: np.ndarray | None = None

    def split(self, fraction: float) -> tuple["Rows", "Rows"]:
        """Splits off the last `fraction` of the rows.

        Raises:
          ValueError: If one part has no rows.
        """
        at = int(len(self.x) * (1.0 - fraction))
        if not 0 < at < len(self.x):
            raise ValueError(
                "`validation_split` must leave rows of `x` for both training and validation; got "
                f"{fraction:g} of {len(self.x)} rows."
            )
        return self._part(slice(at)), self._part(slice(at, None))

    def _part(self, rows: slice) -> "Rows":
        weights = None if self.weights is None else self.weights[rows]
        condition = None if self.condition is None else self.condition[rows]
        return Rows(self.x[rows], weights, condition)


class ArraySource:
    """Batches of rows in memory, gathered from one tensor.

    Args:
      rows: The data.
      dtype: The dtype that floating data is cast to.
      batch_size: The number of rows in a batch; the last batch may have fewer.
      shuffle: Whether the rows are shuffled in every epoch.
    """

    def __init__(self, rows: Rows, dtype: str, batch_size: int, shuffle: bool = False) -> None:
        self.batch_size = batch_size
        self.count: int | None = -(-len(rows.x) // batch_size)
        self.order: np.ndarray | None = None
        self._size, self._shuffle = len(rows.x), shuffle
        self.data = on_device(rows, dtype)
        self._batches: tf.data.Dataset | None = None

    def order_of(self, epoch: int, key: Any = None) -> np.ndarray:
        """Returns the row indices in the order of an epoch, `[N]`."""
        self.order = row_order(self._size, self._shuffle, key, epoch)
        return self.order

    def parts(
        self, order: np.ndarray, batches: int | None = None
    ) -> Iterator[tuple[Batch, np.ndarray]]:
        """Yields all rows, and the indices of those of some batches.

        Args:
          order: The indices of rows, `[M]`.
          batches: The most batches of a part; None for all of them.
        """
        size = len(order) if batches is None else batches * self.batch_size
        for start in range(0, len(order), size):
            yield self.data, order[start : start + size]

    def epoch(self, epoch: int, key: Any = None) -> Iterator[Batch]:
        """Returns the batches of an epoch."""
        order = self.order_of(epoch, key)
        if self._batches is None:
            self._order = tf.Variable(order, trainable=False)
            starts = tf.data.Dataset.range(0, self._size, self.batch_size)
            self._batches = untuned(starts.map(self._batch_from))
        self._order.assign(order)
        return iter(self._batches)

    def _batch_from(self, start: tf.Tensor) -> Batch:
        return gathered(self.data, self._order[start : start + self.batch_size])


class StreamSource:
    """Batches of a `tf.data.Dataset`, `keras.utils.PyDataset`, `DataLoader` or iterator.

    Args:
      data: The source of batches.
      validator: Checks every batch before it is used.
      shuffle: Whether the batches of a `PyDataset` are shuffled in every epoch.
    """

    def __init__(self, data: Any, validator: BatchValidator, shuffle: bool = False) -> None:
        self.data, self.shuffle = data, shuffle
        self._validator = validator
        self.order: np.ndarray | None = None
        self.count: int | None = None
        if isinstance(data, keras.utils.PyDataset):
            self.count = data.num_batches
        elif is_torch_loader(data):
            self.count = batches_in(data)
        elif isinstance(data, tf.data.Dataset):
            validator.check_element(data.element_spec)
            known = int(data.cardinality())
            self.count = known if known >= 0 else None
            self.data = data.map(tf.autograph.experimental.do_not_convert(self._checked_in_graph))

    def check_batch(self, batch: Any) -> None:
        """Raises a TypeError or ValueError unless a batch of the data fits the model."""
        self._validator.check_batch(batch)

    def check_ends(self, steps_name: str) -> None:
        """Checks that the data is not known to be endless.

        Args:
          steps_name: The caller's name for the number of batches in an epoch.

        Raises:
          ValueError: If a dataset repeats for ever, or a `PyDataset` has no number of batches.
        """
        endless = isinstance(self.data, keras.utils.PyDataset) and self.count is None
        if isinstance(self.data, tf.data.Dataset):
            endless = int(self.data.cardinality()) == tf.data.INFINITE_CARDINALITY
        if endless:
            raise ValueError(
                f"`{self._validator.name}` must come to an end where `{steps_name}` is None; got "
                f"an endless one: leave `repeat()` out, or give `{steps_name}`."
            )

    def epoch(self, epoch: int, key: Any = None) -> Iterator[Batch]:
        """Returns the batches of an epoch; an iterator continues where it stopped."""
        if isinstance(self.data, tf.data.Dataset):
            return iter(self.data)
        if not isinstance(self.data, keras.utils.PyDataset):
            return map(self._checked, self.data)
        order = None if self.count is None else np.arange(self.count)
        if order is not None and self.shuffle and key is not None:
            order = shuffled_order(len(order), key, epoch)
        return map(self._checked, py_dataset.epoch(self.data, order))

    def _checked(self, batch: Any) -> Batch:
        self._validator.check_batch(batch)
        parts = tuple(batch) if isinstance(batch, (tuple, list)) else (batch,)
        return tuple(None if part is None else tf.convert_to_tensor(part) for part in parts)

    def _checked_in_graph(self, *batch: Any) -> Batch:
        parts = self._validator.rows_of(batch if len(batch) > 1 else batch[0])
        passed = tf.py_function(self._validator.passes, parts, tf.bool)
        with tf.control_dependencies(
            [tf.debugging.Assert(passed, ["The data does not fit the model."])]
        ):
            checked = [tf.identity(part) for part in parts]
        known = self._validator.of_known_shape(checked)
        return known[0] if len(batch) == 1 else (*known, *batch[len(known) :])


class FixedSteps:
    """Epochs of a fixed number of batches, each of which continues where the last one stopped.

    Args:
      source: The source of batches.
      steps: The number of batches in an epoch.
    """

    def __init__(self, source: BatchSource, steps: int) -> None:
        self._source, self._steps = source, steps
        self.count: int | None = steps
        self.order: np.ndarray | None = None
        self._passes = 0
        self._batches: Iterator[Batch] = iter(())

    def epoch(self, epoch: int, key: Any = None) -> Iterator[Batch]:
        """Yields the batches of an epoch; warns if the data has fewer."""
        del epoch
        given, begun = 0, False
        while given < self._steps:
            batch = next(self._batches, None)
            if batch is not None:
                given += 1
                yield batch
            elif not begun:
                self._batches = self._source.epoch(self._passes, key)
                self._passes += 1
                begun = True
            else:
                warnings.warn(
                    f"`x` ran out of data after {given} of {self._steps} steps; lower the number "
                    "of steps, or repeat the dataset.",
                    stacklevel=2,
                )
                return


def gathered(data: Batch, indices: tf.Tensor) -> Batch:
    """Returns the batch of the rows with the indices `[B]`."""
    return tf.nest.map_structure(
        lambda part: None if part is None else tf.gather(part, indices), data
    )


def row_order(rows: int, shuffle: bool, key: Any, epoch: int) -> np.ndarray:
    """Returns row indices in the order of an epoch, `[rows]`; `key` may be None."""
    if shuffle and key is not None:
        return shuffled_order(rows, key, epoch)
    return np.arange(rows, dtype=np.int32)


def shuffled_order(rows: int, key: Any, epoch: int) -> np.ndarray:
    """Returns row indices in the random order given by `key` and `epoch`, `[rows]`."""
    words = [int(word) for word in np.asarray(key).astype(np.uint32)]
    return np.random.default_rng([*words, epoch]).permutation(rows).astype(np.int32)


def rows_in(batch: Batch) -> int:
    """Returns the number of rows in a batch."""
    return int(tf.nest.flatten(batch)[0].shape[0])


def on_device(rows: Rows, dtype: str) -> Batch:
    """Returns tensors of all rows, floating data cast to `dtype`."""
    assert isinstance(rows.x, np.ndarray)
    x = _tensor(rows.x, dtype)
    y = None if rows.condition is None else _tensor(rows.condition, dtype)
    if rows.weights is not None:
        return x, y, tf.convert_to_tensor(rows.weights, dtype)
    return x if y is None else (x, y)


def _tensor(values: np.ndarray, dtype: str) -> tf.Tensor:
    floating = np.issubdtype(values.dtype, np.floating)
    return tf.convert_to_tensor(values.astype(dtype, copy=False) if floating else values)
