"""What a callback can know of the call of `fit` that it serves."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

_KERAS_BATCH_SIZE = 32


@dataclass(frozen=True)
class FitUnderWay:
    """A call of `fit` that has not ended.

    Attributes:
      callbacks: The callbacks that it was given, in order.
      batch_size: How many rows make a batch; None where the data comes in batches.
      shuffle: Whether the order of the rows is another in every epoch; None where the data comes in
        batches.
      validated: Whether rows are held out, which some or all epochs end by scoring.
    """

    callbacks: Sequence[keras.callbacks.Callback]
    batch_size: int | None
    shuffle: bool | None
    validated: bool = False

    @classmethod
    def called(
        cls,
        x: Any,
        validation_data: Any,
        callbacks: Any = None,
        batch_size: int | None = None,
        shuffle: Any = True,
        validation_split: float = 0.0,
        **_: Any,
    ) -> "FitUnderWay":
        """Takes what matters from the arguments of `fit`."""
        if isinstance(callbacks, keras.callbacks.CallbackList):
            callbacks = callbacks.callbacks
        elif not isinstance(callbacks, Sequence):
            callbacks = [callbacks]
        given = tuple(callback for callback in callbacks if callback is not None)
        validated = validation_data is not None or bool(validation_split)
        if not isinstance(x, np.ndarray):
            return cls(given, None, None, validated)
        return cls(given, batch_size or _KERAS_BATCH_SIZE, bool(shuffle), validated)
