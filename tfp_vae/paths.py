"""Checks of path arguments."""

import os
from pathlib import Path


def as_path(value: object, name: str, example: str) -> Path:
    """Returns `value` as a path.

    Args:
      value: A string or a path.
      name: The name of the argument, for the error.
      example: A valid value, for the error.

    Raises:
      TypeError: If it is neither a string nor a path.
      ValueError: If it is empty, or holds a null character.
    """
    expected = f"`{name}` must be a path, such as {example!r}"
    if not isinstance(value, (str, os.PathLike)) or not isinstance(os.fspath(value), str):
        raise TypeError(f"{expected}; got a {type(value).__name__}.")
    text = os.fspath(value)
    if not text or "\0" in text:
        raise ValueError(f"{expected}; got {text[:60]!r}.")
    return Path(value)
