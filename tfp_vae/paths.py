"""Paths that a caller gives."""

import os
from pathlib import Path
from typing import Any


def as_path(value: Any, name: str, example: str) -> Path:
    """Returns `value` as a path.

    Args:
      value: A text or a path.
      name: What the caller calls it.
      example: What was meant.

    Raises:
      TypeError: If it is no text and no path.
      ValueError: If it is empty, or holds a character that no path may hold.
    """
    wanted = f"`{name}` must be a path, such as {example!r}"
    if not isinstance(value, (str, os.PathLike)) or not isinstance(os.fspath(value), str):
        raise TypeError(f"{wanted}; got a {type(value).__name__}.")
    text = os.fspath(value)
    if not text or "\0" in text:
        raise ValueError(f"{wanted}; got {text[:60]!r}.")
    return Path(value)
