"""Checks of arrays of data: numbers, shapes, support, and the range of a dtype."""

import contextlib
import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfp_vae import shapes
from tfp_vae.error_text import described
from tfp_vae.supports import REAL, Columns, Support, all_inside

_OVER_SMALL_SCALES, _ALWAYS_TAKEN = 1e5, 1e4
_PAD = (
    "`tfp_vae.datasets.padded` makes a dense array, for a model with `missing_values` np.nan, or "
    "-1 for class codes"
)


def array(x: Any, name: str = "x") -> np.ndarray:
    """Returns `x` as an array of numbers or booleans.

    Raises:
      TypeError: If `x` is a dict, sparse, ragged, complex, or no numbers at all.
    """
    if x is None:
        raise TypeError(f"`{name}` must be an array of numbers; got None.")
    if isinstance(x, tf.RaggedTensor):
        raise TypeError(f"`{name}` must be a dense array of numbers; got a RaggedTensor: {_PAD}.")
    if isinstance(x, tf.SparseTensor) or hasattr(x, "tocsr"):
        raise TypeError(
            f"`{name}` must be a dense array of numbers; got a {type(x).__name__}: make it dense "
            "first."
        )
    if isinstance(x, Mapping):
        raise TypeError(
            f"`{name}` must be one array of numbers; got a {type(x).__name__} of "
            f"{', '.join(map(repr, itertools.islice(x, 9))) or 'none'}: keep the one that is "
            f"`{name}`."
        )
    if np.ma.is_masked(x):
        raise TypeError(
            f"`{name}` must be an array without a mask; got a {type(x).__name__} with masked "
            "values: `x.filled(np.nan)` makes them NaN, for a model with missing_values=np.nan."
        )
    try:
        values = np.asarray(x)
    except Exception as error:
        # A list of uneven rows, or an object with a conversion of its own, raises any error.
        if isinstance(x, tuple) and all(hasattr(part, "shape") for part in x):
            raise TypeError(
                f"`{name}` must be one array of numbers; got a tuple of {len(x)} arrays, of shapes "
                f"{' and '.join(str(list(part.shape)) for part in x)}: pass y, which a model of "
                "p(x|y) is given, as `condition`."
            ) from error
        reason = " ".join(str(error).split()).rstrip(".")
        raise TypeError(
            f"`{name}` must be a dense array of numbers, with rows of equal length; got a "
            f"{type(x).__name__} that is none ({reason}). Of rows of unequal length, {_PAD}."
        ) from error
    if values.dtype == object and values.size and not _holds_text(values):
        with contextlib.suppress(TypeError, ValueError, OverflowError):
            values = values.astype(np.float64)
    if values.dtype == np.longdouble:
        # TensorFlow knows no such numbers.
        values = values.astype(np.float64)
    if not values.dtype.isnative:
        values = values.astype(values.dtype.newbyteorder("="))
    if values.dtype.kind not in "biuf" and values.dtype != tf.bfloat16.as_numpy_dtype:
        raise TypeError(
            f"`{name}` must be an array of real numbers; got {described(x)} with dtype "
            f"{values.dtype}.{_column_without_numbers(x)}"
        )
    return values


def is_symbolic(value: Any) -> bool:
    """Tells whether a value is one of a graph, of which nothing but the shape is known."""
    eager = tf.__internal__.EagerTensor
    return isinstance(value, keras.KerasTensor) or (
        isinstance(value, tf.Tensor) and not isinstance(value, eager)
    )


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
    got_shape = shapes.written(*(["?"] if got.rank is None else got.as_list()))
    raise ValueError(
        f"`{name}` must have shape {shapes.written('batch', *event_shape)}; got shape "
        f"{got_shape}.{hint}"
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
    if values.dtype == bool or all_inside(values, support):
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
    values = np.atleast_1d(values)
    if all_inside(values, REAL):
        return
    wrong = ~np.isfinite(values)
    if wrong.any():
        where = tuple(int(axis[0]) for axis in np.nonzero(wrong))
        raise ValueError(
            f"`{name}` must hold finite numbers; got {values[where]} at index {list(where)}, and "
            f"{int(wrong.sum())} such values in all.{' ' + advice if advice else ''}"
        )


def largest_representable(dtype: str) -> float:
    """Returns the largest number to compute with in `dtype`: densities square it."""
    most = float(np.finfo(dtype).max)
    return float(max(most**0.5 / _OVER_SMALL_SCALES, min(most, _ALWAYS_TAKEN)))


def representable(values: np.ndarray, dtype: str, name: str) -> None:
    """Checks that no number is too large to compute with in `dtype`.

    Raises:
      ValueError: If one is, naming the first.
    """
    if values.dtype == bool or (values.dtype.kind in "iu" and values.dtype.itemsize < 8):
        return
    largest = largest_representable(dtype)
    numbers = values.astype(np.float64) if values.dtype.kind in "iu" else values
    # A number of another dtype than the array's is compared as one of float64.
    wrong = np.atleast_1d(np.abs(numbers) > np.float64(largest))
    if wrong.any():
        where = tuple(int(axis[0]) for axis in np.nonzero(wrong))
        raise ValueError(
            f"`{name}` must hold numbers of at most {largest:.1e}, whose squares {dtype} can "
            f"represent, the dtype of the model; got {np.atleast_1d(values)[where]:g} at index "
            f"{list(where)}."
        )


def _column_without_numbers(x: Any) -> str:
    """Returns a sentence on the first column of a data frame that holds no numbers, or nothing."""
    for column in getattr(x, "columns", ()):
        if np.asarray(x[column]).dtype.kind not in "biuf":
            return (
                f" Column {column!r} holds none: `VAE.for_data` takes such a frame, and the "
                "model's `schema.encode` makes the array."
            )
    return ""


def _holds_text(values: np.ndarray) -> bool:
    return any(isinstance(value, (str, bytes)) for value in values.flat)
