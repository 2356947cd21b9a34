"""Functions that TensorFlow compiles, one for each model."""

import functools
from collections.abc import Callable
from typing import Any

import tensorflow as tf


def compiled(function: Callable[..., Any], **options: Any) -> Any:
    """Returns a function that TensorFlow traces, and compiles, at its first call.

    TensorFlow counts tracings by a function's code, which all models share: from the fifth model
    on it would warn of a function that is traced too often. A `functools.partial` is counted alone.

    Args:
      function: A function of tensors.
      **options: The arguments of `tf.function`, but `autograph`.
    """
    return tf.function(functools.partial(function), autograph=False, **options)
