"""Batches of an array for Keras's own loop, in the order that a compiled epoch would take."""

from typing import Any

import keras
import tensorflow as tf

from tfp_vae.training.loops.run_epochs import Rows, epoch_order


class OrderedBatches(keras.callbacks.Callback):
    """A dataset of an array's batches, and the callback that sets their order for every epoch.

    Args:
      rows: The data.
      dtype: What floating rows are cast to.
      batch_size: How many rows make a batch.
      shuffle: Whether every epoch has an order of its own.
    """

    def __init__(self, rows: Rows, dtype: str, batch_size: int, shuffle: Any) -> None:
        super().__init__()
        self._count, self._shuffle = len(rows.x), shuffle
        data, weights = rows.on_device(dtype)
        order = tf.Variable(tf.range(self._count), trainable=False)
        self._order = order

        def batch(start: tf.Tensor) -> Any:
            indices = order[start : start + batch_size]
            parts = tf.nest.map_structure(lambda each: tf.gather(each, indices), data)
            if weights is None:
                return parts
            # Keras drops weights where there is no y.
            x, y = parts if isinstance(parts, tuple) else (parts, indices)
            return x, y, tf.gather(weights, indices)

        self.dataset = tf.data.Dataset.range(0, self._count, batch_size).map(batch)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Sets the order of the epoch."""
        del logs
        key = self.model.noise_key()
        order = epoch_order(self._count, self._shuffle, key, epoch)
        self._order.assign(order)
        self.model.fit_context.begin_epoch(order)
