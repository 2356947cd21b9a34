"""Checks of single arguments: numbers, sizes, choices, and objects of a kind."""

import difflib
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from tfp_vae.error_text import described
from tfp_vae.shapes import LARGEST_SIZE

_LARGEST_FLOAT = float(np.finfo(np.float32).max)
_SMALLEST_FLOAT = float(np.finfo(np.float32).tiny)


def positive_int(value: Any, name: str) -> int:
    """Returns `value` as an int.

    Raises:
      TypeError: If it is no integer.
      ValueError: If it is not positive, or too large for a size of a tensor.
    """
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"`{name}` must be a positive int; got {described(value)}.")
    if not 1 <= value <= LARGEST_SIZE:
        bound = "" if value < 1 else f" of at most {LARGEST_SIZE}"
        raise ValueError(f"`{name}` must be a positive int{bound}; got {value}.")
    return int(value)


def positive_ints(values: Any, name: str) -> tuple[int, ...]:
    """Returns `values`, a list that may be empty, as a tuple of ints.

    Raises:
      TypeError: If it is no list, or an element is no integer.
      ValueError: If an element is not positive.
    """
    if isinstance(values, (str, bytes, bytearray)) or not isinstance(values, Sequence):
        raise TypeError(
            f"`{name}` must be a list of positive ints, such as [200, 200]; got {values!r}."
        )
    return tuple(positive_int(value, name) for value in values)


def whole_number(value: Any, name: str, minimum: int = 0) -> int:
    """Returns `value` as an int of at least `minimum`.

    Raises:
      TypeError: If it is no integer.
      ValueError: If it is smaller, or too large for a size of a tensor.
    """
    wanted = f"`{name}` must be an int of at least {minimum}"
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{wanted}; got {described(value)}.")
    if not minimum <= value <= LARGEST_SIZE:
        raise ValueError(f"{wanted} and at most {LARGEST_SIZE}; got {value}.")
    return int(value)


def finite_number(
    value: Any,
    name: str,
    *,
    minimum: float = -np.inf,
    maximum: float = np.inf,
    exclusive: bool = False,
) -> float:
    """Returns `value` as a float.

    Raises:
      TypeError: If it is no number.
      ValueError: If float32 holds no such number, or it is above `maximum`, or below `minimum` (or
        equal to it, with `exclusive`).
    """
    if isinstance(value, (bool, np.bool_)) or not isinstance(
        value, (int, float, np.integer, np.floating)
    ):
        raise TypeError(f"`{name}` must be a number; got {described(value)}.")
    size: Any = abs(value)
    if _LARGEST_FLOAT < size < np.inf:
        raise ValueError(
            f"`{name}` must be a finite number that float32 can represent; got {described(value)}."
        )
    number = float(value)
    least = max(minimum, minimum + _SMALLEST_FLOAT) if exclusive else minimum
    too_small = number < least
    if not np.isfinite(number) or too_small:
        bound = (
            "" if minimum == -np.inf else f" {'above' if exclusive else 'of at least'} {minimum:g}"
        )
        raise ValueError(f"`{name}` must be a finite number{bound}; got {number:g}.")
    if number > maximum:
        raise ValueError(f"`{name}` must be a number of at most {maximum:g}; got {number:g}.")
    return number


def one_of(value: Any, choices: Iterable[str], name: str) -> str:
    """Returns `value` if it is one of `choices`.

    Raises:
      TypeError: If it is no string.
      ValueError: If it is another string; the nearest choice is named.
    """
    names = list(choices)
    listed = ", ".join(repr(choice) for choice in names)
    if not isinstance(value, str):
        raise TypeError(f"`{name}` must be one of {listed}; got {described(value)}.")
    if value not in names:
        near = difflib.get_close_matches(value.lower(), names, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        text = repr(value) if len(value) < 60 and value.isprintable() else "another text"
        raise ValueError(f"`{name}` must be one of {listed}; got {text}.{hint}")
    return value


def instance_of(value: Any, kind: type, name: str, example: str) -> Any:
    """Returns `value` if it is a `kind`.

    Raises:
      TypeError: If it is something else; `example` shows what was meant.
    """
    if not isinstance(value, kind):
        raise TypeError(
            f"`{name}` must be a {kind.__name__}, such as {example}; got {described(value)}."
        )
    return value
