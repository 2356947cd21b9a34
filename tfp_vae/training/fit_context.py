"""The call of `fit` in progress, as callbacks see it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import keras
import numpy as np


@dataclass
class FitContext:
    """A call of `fit` in progress.

    Attributes:
      callbacks: The callbacks of this `fit`, in order.
      batch_size: The number of rows in a batch; None if the data comes in batches.
      shuffle: Whether the rows are shuffled in every epoch; None if the data comes in batches.
      validated: Whether there is validation data.
      order: The row indices in the order of the current epoch, `[N]`; None if unknown.
      validate: Computes the log of a validation, outside of the epochs; None without validation
        data.
    """

    callbacks: Sequence[keras.callbacks.Callback]
    batch_size: int | None
    shuffle: bool | None
    validated: bool
    order: np.ndarray | None = None
    validate: Callable[[], dict[str, float]] | None = None

    def rows_of_batch(self, index: int) -> np.ndarray | None:
        """Returns the row indices of a batch of the current epoch, `[B]`, or None if unknown.

        Args:
          index: The index of the batch, from 0.
        """
        if self.order is None or self.batch_size is None:
            return None
        return self.order[index * self.batch_size : (index + 1) * self.batch_size]
