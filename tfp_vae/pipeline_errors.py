"""Exceptions raised by Python code inside a `tf.data` pipeline, raised again where it is read.

TensorFlow runs such code on threads of its own and passes on a text in an error of its own kind.
"""

import collections
import contextlib
from collections.abc import Iterator

import tensorflow as tf

_RECORDED: collections.deque[Exception] = collections.deque(maxlen=16)


def record(error: Exception) -> None:
    """Keeps an exception that TensorFlow is about to replace by its own."""
    _RECORDED.append(error)


@contextlib.contextmanager
def recorded() -> Iterator[None]:
    """Keeps what is raised within, and lets it pass."""
    try:
        yield
    except Exception as error:
        record(error)
        raise


@contextlib.contextmanager
def reraised() -> Iterator[None]:
    """Raises what was recorded within, in the place of TensorFlow's error.

    Raises:
      Exception: The first exception recorded within, if TensorFlow ended with an error.
    """
    known = {id(error) for error in _RECORDED}
    try:
        yield
    except tf.errors.OpError:
        recorded_within = [error for error in _RECORDED if id(error) not in known]
        if not recorded_within:
            raise
        raise recorded_within[0] from None
