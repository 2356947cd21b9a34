"""Datasets whose number of batches is known only once they have been read."""

import contextlib
import warnings
from collections.abc import Iterator
from typing import Any

import tensorflow as tf


@contextlib.contextmanager
def ending_quietly(*data: Any, steps: int | None = None) -> Iterator[None]:
    """Drops Keras's warning that data ran out where it comes to its end, as it must.

    Keras gives it at the end of every pass over a dataset of unknown length, such as one of
    TFRecord files. Where the caller asks for a number of steps it may be right, and is kept.

    Args:
      *data: What is passed over; anything but a `tf.data.Dataset` is left alone.
      steps: How many steps the caller asks for, or None for all that there are.
    """
    if steps is not None or not any(map(_has_unknown_length, data)):
        yield
        return
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Your input ran out of data")
        yield


def _has_unknown_length(data: Any) -> bool:
    return isinstance(data, tf.data.Dataset) and data.cardinality() == tf.data.UNKNOWN_CARDINALITY
