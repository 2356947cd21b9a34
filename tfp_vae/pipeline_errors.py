"""Re-raises exceptions of Python code inside a `tf.data` pipeline where the data is read.

TensorFlow runs such code on its own threads and reports only a text, in a `tf.errors.OpError`.
"""

import collections
import contextlib
from collections.abc import Iterator

import tensorflow as tf

_RECORDED: collections.deque[Exception] = collections.deque(maxlen=16)


def record(error: Exception) -> None:
    """Records an exception before TensorFlow replaces it."""
    _RECORDED.append(error)


@contextlib.contextmanager
def recorded() -> Iterator[None]:
    """Records an exception of the block, and lets it propagate."""
    try:
        yield
    except Exception as error:
        record(error)
        raise


@contextlib.contextmanager
def reraised() -> Iterator[None]:
    """Raises the exception recorded within the block instead of TensorFlow's error.

    Raises:
      Exception: The first one recorded within the block, if TensorFlow raises an error.
    """
    known = {id(error) for error in _RECORDED}
    try:
        yield
    except tf.errors.OpError:
        recorded_within = [error for error in _RECORDED if id(error) not in known]
        if not recorded_within:
            raise
        raise recorded_within[0] from None
