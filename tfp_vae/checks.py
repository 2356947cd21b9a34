"""Checks of arguments and data: errors that say what was expected and what came."""

import contextlib
import difflib
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tfp_vae import shapes
from tfp_vae.supports import Columns, Support


def positive_int(value: Any, name: str) -> int:
    """Returns `value` as an int.

    Raises:
      TypeError: If it is no integer.
      ValueError: If it is not positive.
    """
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"`{name}` must be a positive int; got {_shown(value)}.")
    if value < 1:
        raise ValueError(f"`{name}` must be a positive int; got {value}.")
    return int(value)


def positive_ints(values: Any, name: str) -> tuple[int, ...]:
    """Returns `values`, a list that may be empty, as a tuple of ints.

    Raises:
      TypeError: If it is no list, or an element is no integer.
      ValueError: If an element is not positive.
    """
    if isinstance(values, (str, bytes)) or not isinstance(values, Sequence):
        raise TypeError(
            f"`{name}` must be a list of positive ints, such as [200, 200]; got {values!r}."
        )
    return tuple(positive_int(value, name) for value in values)


def finite_number(
    value: Any, name: str, *, minimum: float = -np.inf, exclusive: bool = False
) -> float:
    """Returns `value` as a float.

    Raises:
      TypeError: If it is no number.
      ValueError: If it is not finite, or below `minimum` (or equal to it, with `exclusive`).
    """
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.number)):
        raise TypeError(f"`{name}` must be a number; got {_shown(value)}.")
    number = float(value)
    too_small = number <= minimum if exclusive else number < minimum
    if not np.isfinite(number) or too_small:
        bound = (
            "" if minimum == -np.inf else f" {'above' if exclusive else 'of at least'} {minimum:g}"
        )
        raise ValueError(f"`{name}` must be a finite number{bound}; got {number:g}.")
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
        raise TypeError(f"`{name}` must be one of {listed}; got {_shown(value)}.")
    if value not in names:
        near = difflib.get_close_matches(value.lower(), names, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"`{name}` must be one of {listed}; got {value!r}.{hint}")
    return value


def instance_of(value: Any, kind: type, name: str, example: str) -> Any:
    """Returns `value` if it is a `kind`.

    Raises:
      TypeError: If it is something else; `example` shows what was meant.
    """
    if not isinstance(value, kind):
        raise TypeError(
            f"`{name}` must be a {kind.__name__}, such as {example}; got {_shown(value)}."
        )
    return value


def array(x: Any, name: str = "x") -> np.ndarray:
    """Returns `x` as an array of numbers or booleans.

    Raises:
      TypeError: If `x` is sparse, ragged, complex, or no numbers at all.
    """
    if isinstance(x, (tf.RaggedTensor, tf.SparseTensor)) or hasattr(x, "tocsr"):
        raise TypeError(
            f"`{name}` must be a dense array of numbers; got a {type(x).__name__}: make it dense "
            "first."
        )
    try:
        values = np.asarray(x)
    except ValueError as error:
        raise TypeError(
            f"`{name}` must be a dense array of numbers, with rows of equal length; got a "
            f"{type(x).__name__} that is none ({error})."
        ) from error
    if values.dtype == object and values.size:
        with contextlib.suppress(TypeError, ValueError):
            values = values.astype(np.float64)
    numeric = np.issubdtype(values.dtype, np.floating) or np.issubdtype(values.dtype, np.integer)
    if not numeric and values.dtype != bool and not _is_bfloat16(values.dtype):
        raise TypeError(
            f"`{name}` must be an array of real numbers; got {_shown(x)} with dtype {values.dtype}."
        )
    return values


def batch_shape(
    shape: tf.TensorShape | Sequence[int | None], event_shape: Sequence[int], name: str = "x"
) -> None:
    """Checks that `shape` is `[batch, *event_shape]`.

    Raises:
      ValueError: If it is not, saying how the two differ.
    """
    got = tf.TensorShape(shape)
    wanted = tf.TensorShape([None, *event_shape])
    if got.is_compatible_with(wanted):
        return
    hint = ""
    if got.rank is not None and got.is_compatible_with(tf.TensorShape(list(event_shape))):
        hint = f" A single row needs a batch axis: `{name}[None]`."
    elif (
        got.is_fully_defined()
        and got.rank > 1
        and shapes.size_of(got[1:]) == shapes.size_of(event_shape)
    ):
        target = shapes.written(-1, *event_shape)
        hint = f" The sizes agree: `{name}.reshape({target})` fits."
    shown = shapes.written(*(["?"] if got.rank is None else got.as_list()))
    raise ValueError(
        f"`{name}` must have shape {shapes.written('batch', *event_shape)}; got shape "
        f"{shown}.{hint}"
    )


def observations(
    x: Any,
    event_shape: Sequence[int],
    support: Support | Columns,
    advice: str = "",
    name: str = "x",
) -> np.ndarray:
    """Returns `x` as an array `[N, *event_shape]` of finite values inside `support`.

    Args:
      x: Anything that NumPy turns into numbers or booleans.
      event_shape: The shape of one row.
      support: Where the values must lie.
      advice: A sentence for one whose data lies outside.
      name: What the caller calls `x`.

    Raises:
      TypeError: If `x` holds no real numbers.
      ValueError: If it has another shape, no rows, values that are not finite or outside.
    """
    values = array(x, name)
    batch_shape(values.shape, event_shape, name)
    if values.shape[0] == 0:
        raise ValueError(f"`{name}` must hold at least one row; got an empty array.")
    if values.dtype == bool:
        return values
    if not np.issubdtype(values.dtype, np.integer):
        finite(values, name)
    outside = support.outside(values)
    if outside.any():
        where = tuple(int(axis[0]) for axis in np.nonzero(outside))
        raise ValueError(
            f"`{name}` must hold only values that are {support.wanted(where)}; got "
            f"{values[where]:g} at index {list(where)}, and {values.dtype} values from "
            f"{values.min():g} to {values.max():g} in all.{' ' + advice if advice else ''}"
        )
    return values


def finite(values: np.ndarray, name: str, advice: str = "") -> None:
    """Checks that no value is NaN or infinite; `advice` is a sentence for one whose values are.

    Raises:
      ValueError: If one is, naming the first.
    """
    wrong = ~np.isfinite(values)
    if wrong.any():
        where = tuple(int(axis[0]) for axis in np.nonzero(wrong))
        raise ValueError(
            f"`{name}` must hold finite numbers; got {values[where]} at index {list(where)}, and "
            f"{int(wrong.sum())} such values in all.{' ' + advice if advice else ''}"
        )


def representable(values: np.ndarray, dtype: str, name: str) -> None:
    """Checks that no finite value is too large for `dtype`.

    Raises:
      ValueError: If one becomes infinite in it, naming the first.
    """
    if not np.issubdtype(values.dtype, np.floating):
        return
    wrong = np.abs(values) > np.finfo(dtype).max
    if wrong.any():
        where = tuple(int(axis[0]) for axis in np.nonzero(wrong))
        raise ValueError(
            f"`{name}` must hold numbers that {dtype} can represent, the dtype of the model; got "
            f"{values[where]:g} at index {list(where)}."
        )


def _is_bfloat16(dtype: np.dtype) -> bool:
    return dtype == tf.bfloat16.as_numpy_dtype


def _shown(value: Any) -> str:
    text = repr(value)
    kind = type(value).__name__
    if len(text) > 60 or "\n" in text or " object at 0x" in text:
        return f"a {kind}"
    return f"{text}, which is of type {kind}"
