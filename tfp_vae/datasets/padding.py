"""Rows of unequal length: filled up to one length, and cut again."""

from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from tfp_vae import checks

_ROWS = "`rows` must be a list of arrays [T] or [T, ...] with at least one step each"
_MISSING_CODE = -1


def padded(
    rows: Any,
    length: int | None = None,
    *,
    lengths: npt.ArrayLike | None = None,
    end: int | None = None,
) -> np.ndarray:
    """Fills rows of unequal length up to one length, with the code of a missing value.

    It is NaN for real numbers, and -1 for whole numbers, which class codes are: make the model with
    `missing_values=np.nan` or `missing_values=-1`. The ELBO then is that of the values that a row
    has, and `networks.recurrent`, `temporal_conv` and `transformer` read no step beyond its end.

    Args:
      rows: A list of arrays `[T_i]` or `[T_i, ...]`; a `tf.RaggedTensor`; or, with `lengths`, an
        array `[N, T, ...]`.
      length: The number of steps T of the result; by default that of the longest row.
      lengths: The number of steps of every row of an array, `[N]`, or a boolean mask `[N, T]` that
        is true up to its end.
      end: Of class codes, one that follows the last step of every row that is shorter than T, by
        which a model knows where rows end: `likelihoods.AutoregressiveCategorical(..., end=end)`.

    Returns:
      An array `[N, T, ...]`: of the dtype of the rows, or int64 for booleans and unsigned integers.

    Raises:
      TypeError: If `rows` are no such arrays of real numbers, or another argument is of the wrong
        kind.
      ValueError: If there is no row, one has no steps, more than `length` or another shape; a real
        number is NaN in its last step; a whole number is negative; or `lengths` does not fit.

    Example:
      >>> datasets.padded([[1.5, 2.5, 3.5], [4.5]])
      array([[1.5, 2.5, 3.5],
             [4.5, nan, nan]])
      >>> datasets.padded([np.array([2, 0]), np.array([1])], length=4, end=3)
      array([[ 2,  0,  3, -1],
             [ 1,  3, -1, -1]])
    """
    arrays = _arrays(rows, lengths)
    first = arrays[0]
    for index, row in enumerate(arrays):
        if row.ndim == 0 or len(row) == 0:
            raise ValueError(f"{_ROWS}; got shape {list(row.shape)} at index {index}.")
        if row.shape[1:] != first.shape[1:]:
            raise ValueError(
                f"`rows` must have steps of one shape, {list(first.shape[1:])} in the first row; "
                f"got {list(row.shape[1:])} at index {index}."
            )
    longest = max(len(row) for row in arrays)
    steps = longest if length is None else checks.positive_int(length, "length")
    if longest > steps:
        raise ValueError(
            f"`length` must be at least the number of steps of every row; got {steps}, and a row "
            f"of {longest}."
        )
    dtype = np.result_type(*arrays)
    whole = dtype.kind in "biu"
    if dtype.kind in ("b", "u"):
        dtype = np.dtype(np.int64)
    _check_values(arrays, whole, end)
    filled = np.full(
        [len(arrays), steps, *first.shape[1:]], _MISSING_CODE if whole else np.nan, dtype
    )
    for into, row in zip(filled, arrays, strict=True):
        into[: len(row)] = row
        if end is not None and len(row) < steps:
            into[len(row)] = end
    return filled


def unpadded(
    x: npt.ArrayLike, *, missing_values: float = np.nan, end: int | None = None
) -> list[np.ndarray]:
    """Cuts every row where it ends: the way back from `padded`, also for draws of a model.

    Args:
      x: Rows, `[N, T, ...]`.
      missing_values: The code of a missing value: a row ends with its last step that has another
        value.
      end: A class code before which a row ends as well.

    Returns:
      A list of N arrays `[T_i, ...]`; one may have no steps.

    Raises:
      TypeError: If `x` holds no real numbers, or another argument is no number.
      ValueError: If `x` has no axis of steps.

    Example:
      >>> datasets.unpadded([[2, 0, 3, -1], [1, 3, 3, 0]], missing_values=-1, end=3)
      [array([2, 0]), array([1])]
    """
    values = checks.array(x)
    if values.ndim < 2:
        raise ValueError(f"`x` must have shape [rows, steps, ...]; got {list(values.shape)}.")
    code = float(missing_values) if _is_nan(missing_values) else None
    if code is None:
        code = checks.finite_number(missing_values, "missing_values")
    flat = values.reshape(*values.shape[:2], -1)
    seen = (~np.isnan(flat) if np.isnan(code) else flat != code).any(axis=-1)
    lengths = (seen * np.arange(1, values.shape[1] + 1)).max(axis=1, initial=0)
    if end is not None:
        ends = (flat == checks.finite_number(end, "end")).any(axis=-1)
        lengths = np.minimum(lengths, np.where(ends.any(axis=1), ends.argmax(axis=1), lengths))
    return [row[:count] for row, count in zip(values, lengths, strict=True)]


def _is_nan(value: Any) -> bool:
    return isinstance(value, (float, np.floating)) and bool(np.isnan(value))


def _arrays(rows: Any, lengths: Any) -> list[np.ndarray]:
    """Returns every row as an array of its steps."""
    if lengths is not None:
        return _cut(checks.array(rows, "rows"), checks.array(lengths, "lengths"))
    if isinstance(rows, tf.RaggedTensor):
        rows = [row.to_tensor() if isinstance(row, tf.RaggedTensor) else row for row in rows]
    if isinstance(rows, (str, bytes, dict)) or not hasattr(rows, "__len__"):
        raise TypeError(f"{_ROWS}; got a {type(rows).__name__}.")
    if len(rows) == 0:
        raise ValueError(f"{_ROWS}; got none.")
    return [checks.array(row, f"rows[{index}]") for index, row in enumerate(rows)]


def _cut(values: np.ndarray, lengths: np.ndarray) -> list[np.ndarray]:
    """Returns the rows of an array `[N, T, ...]`, each up to its length."""
    if values.ndim < 2 or len(values) == 0:
        raise ValueError(
            "`rows` must be an array [N, T, ...] with at least one row where `lengths` is given; "
            f"got shape {list(values.shape)}."
        )
    if lengths.dtype == bool and lengths.shape == values.shape[:2]:
        mask, lengths = lengths, lengths.sum(axis=1)
        if (mask != (np.arange(mask.shape[1]) < lengths[:, None])).any():
            raise ValueError(
                "`lengths` must be true up to the end of a row and false beyond it; got a mask "
                "with a gap: set the values of these steps to NaN instead."
            )
    if lengths.shape != values.shape[:1] or lengths.dtype.kind not in "iu":
        raise ValueError(
            f"`lengths` must be {len(values)} whole numbers, or a boolean mask "
            f"{list(values.shape[:2])}; got {lengths.dtype} of shape {list(lengths.shape)}."
        )
    if lengths.min() < 1 or lengths.max() > values.shape[1]:
        raise ValueError(
            f"`lengths` must be from 1 to {values.shape[1]}, the number of steps; got "
            f"{lengths.min()} to {lengths.max()}."
        )
    return [row[:count] for row, count in zip(values, lengths, strict=True)]


def _check_values(arrays: list[np.ndarray], whole: bool, end: int | None) -> None:
    if end is not None:
        checks.finite_number(end, "end", minimum=0.0)
        if not whole or arrays[0].ndim != 1 or int(end) != end:
            raise ValueError(
                "`end` must be None unless every step is one whole number, a class code, and "
                f"`end` is one; got {end} for {arrays[0].dtype} steps of shape "
                f"{list(arrays[0].shape[1:])}."
            )
    for index, row in enumerate(arrays):
        if whole and row.min() < 0:
            raise ValueError(
                "`rows` must not hold negative whole numbers, of which -1 stands for a missing "
                f"value; got {row.min()} at index {index}: make them floats."
            )
        if end is not None and (row == end).any():
            raise ValueError(
                f"`end` must be a code that no row holds; got {end}, which is at index {index}."
            )
        if not whole and np.isnan(row[-1]).all():
            raise ValueError(
                "`rows` must end with a step that has a value, since a row ends with the last one "
                f"that is not missing; got NaN in the last step at index {index}."
            )
