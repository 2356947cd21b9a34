"""Rows of a ragged tensor, filled up to one length as they are read."""

import numpy as np
import tensorflow as tf

from tfp_vae import checks

_MISSING_CODE = -1


class RaggedReader:
    """Reads rows of a ragged tensor as dense ones, as `datasets.padded` makes them.

    What lies beyond the end of a row is NaN for real numbers and -1 for whole numbers, the codes of
    missing values.

    Args:
      ragged: Rows of `[T_i]` or `[T_i, ...]`, `[N, None, ...]`.
      name: The caller's name for it.
      length: The number of steps T of the rows that are read; None for that of the longest.

    Raises:
      TypeError: If it holds no real numbers.
      ValueError: If a row has no step or more than T, steps are of several shapes, a whole number
        is negative, or a real number is NaN in the last step of a row.
    """

    def __init__(self, ragged: tf.RaggedTensor, name: str, length: int | None = None) -> None:
        inner = ragged.values
        if isinstance(inner, tf.RaggedTensor):
            dense = inner.to_tensor()
            if int(tf.size(dense)) != int(tf.size(inner.flat_values)):
                raise ValueError(
                    f"`{name}` must have steps of one shape; got a RaggedTensor whose steps are "
                    "ragged, too."
                )
            inner = dense
        self._values = checks.array(inner, name)
        self._splits = ragged.row_splits.numpy()
        lengths = np.diff(self._splits)
        steps = max(lengths.max(initial=0), 1) if length is None else length
        wrong = (lengths < 1) | (lengths > steps)
        if wrong.any():
            raise ValueError(
                f"`{name}` must have 1 to {steps} steps in every row; got "
                f"{lengths[wrong][0]} in row {int(wrong.argmax())}."
            )
        self.shape = (len(lengths), int(steps), *self._values.shape[1:])
        whole = self._values.dtype.kind in "biu"
        self._code = _MISSING_CODE if whole else np.nan
        if self._values.dtype.kind in ("b", "u"):
            self._values = self._values.astype(np.int64)
        if whole and self._values.min(initial=0) < 0:
            raise ValueError(
                f"`{name}` must not hold negative whole numbers, of which -1 stands for a missing "
                f"value; got {self._values.min()}: make them floats."
            )
        last = self._values[self._splits[1:] - 1].reshape(len(lengths), -1)
        unseen = np.zeros(len(lengths), bool) if whole else np.isnan(last).all(axis=1)
        if unseen.any():
            raise ValueError(
                f"`{name}` must end every row with a step that has a value, since a row ends with "
                f"the last one that is not missing; got NaN in that of row {int(unseen.argmax())}."
            )

    def rows(self, indices: np.ndarray) -> np.ndarray:
        """Reads rows as an array `[M, T, ...]`."""
        filled = np.full([len(indices), *self.shape[1:]], self._code, self._values.dtype)
        for into, index in zip(filled, indices, strict=True):
            row = self._values[self._splits[index] : self._splits[index + 1]]
            into[: len(row)] = row
        return filled
