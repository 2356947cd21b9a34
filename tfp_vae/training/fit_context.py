"""What a callback can know of the call of `fit` that it serves."""

from collections.abc import Sequence
from dataclasses import dataclass

import keras
import numpy as np


@dataclass
class FitContext:
    """A call of `fit` in progress.

    Attributes:
      callbacks: The callbacks that it was given, in order.
      batch_size: The number of rows in a batch; None where the data comes in batches.
      shuffle: Whether every epoch has its own order of rows; None where the data comes in batches.
      validated: Whether some or all epochs end with a validation.
      order: The row numbers in the order of the present epoch; None where they are not known.
    """

    callbacks: Sequence[keras.callbacks.Callback]
    batch_size: int | None
    shuffle: bool | None
    validated: bool
    order: np.ndarray | None = None

    def rows_of_batch(self, index: int) -> np.ndarray | None:
        """Returns the row numbers of a batch of the present epoch, or None if unknown.

        Args:
          index: Which batch, counted from 0.
        """
        if self.order is None or self.batch_size is None:
            return None
        return self.order[index * self.batch_size : (index + 1) * self.batch_size]
