"""What a callback can know of the call of `fit` that it serves."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

_KERAS_BATCH_SIZE = 32


@dataclass
class FitContext:
    """A call of `fit` that has not ended.

    Attributes:
      callbacks: The callbacks that it was given, in order.
      batch_size: How many rows make a batch; None where the data comes in batches.
      shuffle: Whether the order of the rows is another in every epoch; None where the data comes in
        batches.
      validated: Whether rows are held out, which some or all epochs end by scoring.
      order: The numbers of the rows in the order of the epoch under way; None where the data comes
        in batches, or its epochs do not begin with its first batch.
    """

    callbacks: Sequence[keras.callbacks.Callback]
    batch_size: int | None
    shuffle: bool | None
    validated: bool = False
    order: np.ndarray | None = None
    _ordered: bool = False

    @classmethod
    def called(
        cls,
        x: Any,
        validation_data: Any,
        callbacks: Any = None,
        batch_size: int | None = None,
        shuffle: Any = True,
        validation_split: float = 0.0,
        steps_per_epoch: int | None = None,
        **_: Any,
    ) -> "FitContext":
        """Takes what matters from the arguments of `fit`."""
        if isinstance(callbacks, keras.callbacks.CallbackList):
            callbacks = callbacks.callbacks
        elif not isinstance(callbacks, Sequence):
            callbacks = [callbacks]
        given = tuple(callback for callback in callbacks if callback is not None)
        validated = validation_data is not None or bool(validation_split)
        if not isinstance(x, np.ndarray):
            return cls(given, None, None, validated)
        size = batch_size or _KERAS_BATCH_SIZE
        return cls(given, size, bool(shuffle), validated, _ordered=steps_per_epoch is None)

    def begin_epoch(self, order: np.ndarray | None) -> None:
        """Is told the numbers of the rows in the order of an epoch that begins, if it has one."""
        self.order = order if self._ordered else None

    def rows_of_batch(self, number: int) -> np.ndarray | None:
        """Returns the numbers of the rows of a batch of the epoch, or None if they are not known.

        Args:
          number: Which batch, counted from 0.
        """
        if self.order is None or self.batch_size is None:
            return None
        return self.order[number * self.batch_size : (number + 1) * self.batch_size]
