"""Batches of stored rows, of which a part is in memory at a time."""

from collections.abc import Iterator
from concurrent import futures
from typing import Any

import numpy as np
import tensorflow as tf

from tfp_vae import pipeline_errors
from tfp_vae.training.data.batch_sources import Batch, Rows, gathered, on_device, row_order
from tfp_vae.training.data.pipeline_options import untuned
from tfp_vae.training.data.stored_rows import StoredRows


class StoredSource:
    """Batches of stored rows.

    About 64 MiB of rows are read together, and the next ones while those are trained on. The
    batches are those of an array that holds the same rows.

    Args:
      rows: The data, whose x are `StoredRows`.
      dtype: The dtype that floating data is cast to.
      batch_size: The number of rows in a batch; the last batch may have fewer.
      shuffle: Whether the rows are shuffled in every epoch.
    """

    def __init__(self, rows: Rows, dtype: str, batch_size: int, shuffle: bool = False) -> None:
        assert isinstance(rows.x, StoredRows)
        self.batch_size = batch_size
        self.count: int | None = -(-len(rows.x) // batch_size)
        self.order: np.ndarray | None = None
        self._stored, self._rows = rows.x, rows
        self._dtype, self._shuffle = dtype, shuffle
        self._dataset: tf.data.Dataset | None = None
        self._batches_at_once = max(1, rows.x.rows_at_once // batch_size)

    def order_of(self, epoch: int, key: Any = None) -> np.ndarray:
        """Returns the row indices in the order of an epoch, `[N]`."""
        self.order = row_order(len(self._stored), self._shuffle, key, epoch)
        return self.order

    def parts(
        self, order: np.ndarray, batches: int | None = None
    ) -> Iterator[tuple[Batch, np.ndarray]]:
        """Yields the rows of several batches, and the order in which they come.

        Args:
          order: The indices of rows, `[M]`.
          batches: The most batches of a part.

        Yields:
          Rows, as many in each part, and the indices in them of the part's rows.
        """
        at_once = min(self._batches_at_once, batches or self._batches_at_once) * self.batch_size
        size = min(at_once, len(order))
        wanted = [order[start : start + at_once] for start in range(0, len(order), at_once)]
        with futures.ThreadPoolExecutor(1) as executor:
            following = executor.submit(self._read, wanted[0], size)
            for number, part in enumerate(wanted):
                data = following.result()
                if number + 1 < len(wanted):
                    following = executor.submit(self._read, wanted[number + 1], size)
                yield data, np.arange(len(part), dtype=np.int32)

    def epoch(self, epoch: int, key: Any = None) -> Iterator[Batch]:
        """Returns the batches of an epoch."""
        self.order_of(epoch, key)
        if self._dataset is None:
            example = self._read(np.arange(1), 1)
            present = [part for part in tf.nest.flatten(example) if part is not None]
            batches = tf.data.Dataset.from_generator(
                self._batches,
                output_signature=tuple(
                    tf.TensorSpec([None, *part.shape[1:]], part.dtype) for part in present
                ),
            )
            self._dataset = untuned(batches.map(lambda *parts: _as_in(example, parts)))
        return iter(self._dataset)

    def _batches(self) -> Iterator[tuple[tf.Tensor, ...]]:
        order = self.order
        assert order is not None
        with pipeline_errors.recorded():
            for data, indices in self.parts(order):
                for start in range(0, len(indices), self.batch_size):
                    batch = gathered(data, tf.constant(indices[start : start + self.batch_size]))
                    yield tuple(part for part in tf.nest.flatten(batch) if part is not None)

    def _read(self, indices: np.ndarray, size: int) -> Batch:
        """Reads rows, the last one again and again up to `size` rows."""
        padded = np.minimum(np.arange(size), len(indices) - 1)
        y, weights = self._rows.condition, self._rows.weights
        return on_device(
            Rows(
                self._stored.gathered(indices)[padded],
                None if weights is None else weights[indices][padded],
                None if y is None else y[indices][padded],
            ),
            self._dtype,
        )


def _as_in(example: Batch, parts: tuple[tf.Tensor, ...]) -> Batch:
    """Returns `parts` in the structure of `example`, which may hold None."""
    following = iter(parts)
    return tf.nest.map_structure(lambda part: None if part is None else next(following), example)
