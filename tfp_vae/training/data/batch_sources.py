"""The whole batches of an epoch, of which every replica takes its share."""

import itertools
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfp_vae.training.loops.run_epochs import Rows, epoch_order


class ArrayBatches:
    """Batches of an array, in the order that a single process would take.

    Args:
      rows: The data.
      dtype: What floating rows are cast to.
      batch_size: How many rows make a batch.
      shuffle: Whether every epoch has an order of its own.
      steps: How many batches make an epoch, or None for all.
    """

    def __init__(
        self,
        rows: Rows,
        dtype: str,
        batch_size: int,
        shuffle: Any = False,
        steps: int | None = None,
    ) -> None:
        data, weights = rows.on_device(dtype)
        x, y = data if isinstance(data, tuple) else (data, None)
        self._parts = (x, y, weights)
        self._rows, self._batch_size = len(rows.x), batch_size
        self._shuffle = shuffle
        batches = -(-self._rows // batch_size)
        self.count: int | None = batches if steps is None else min(steps, batches)
        self.order: np.ndarray | None = None

    def epoch(self, epoch: int, key: Any = None) -> Iterator[Any]:
        """Returns the batches (x, y, weights) of an epoch, in the order that belongs to `key`."""
        self.order = order = epoch_order(self._rows, self._shuffle, key, epoch)
        for start in range(0, self._rows, self._batch_size)[: self.count]:
            indices = order[start : start + self._batch_size]
            yield tuple(None if part is None else tf.gather(part, indices) for part in self._parts)


class StreamedBatches:
    """Batches of a dataset, a `PyDataset` or a generator, which every worker reads as a whole.

    Args:
      source: What gives whole batches.
      steps: How many batches make an epoch, or None for all; then one epoch goes on where the last
        one stopped.
    """

    def __init__(self, source: Any, steps: int | None = None) -> None:
        self._source, self._steps = source, steps
        self._going_on: Iterator[Any] | None = None
        self.order = None
        self.count = steps
        if steps is None and isinstance(source, keras.utils.PyDataset):
            self.count = source.num_batches
        elif steps is None and isinstance(source, tf.data.Dataset):
            known = int(source.cardinality())
            self.count = known if known >= 0 else None

    def epoch(self, epoch: int, key: Any = None) -> Iterator[Any]:
        """Returns the batches of an epoch, as the source gives them."""
        del epoch, key
        if self._steps is None:
            yield from self._fresh()
            return
        given = 0
        for _ in range(2):
            if self._going_on is None:
                self._going_on = self._fresh()
            for batch in itertools.islice(self._going_on, self._steps - given):
                given += 1
                yield batch
            if given == self._steps:
                return
            self._going_on = None

    def _fresh(self) -> Iterator[Any]:
        if not isinstance(self._source, keras.utils.PyDataset):
            return iter(self._source)
        return self._of_py_dataset(self._source)

    def _of_py_dataset(self, source: keras.utils.PyDataset) -> Iterator[Any]:
        source.on_epoch_begin()
        yield from (source[index] for index in range(len(source)))
        source.on_epoch_end()
