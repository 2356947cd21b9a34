"""The features in which rows and draws are compared."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tfp_vae import checks, shapes
from tfp_vae.likelihoods import Likelihood

_LARGEST = 1e30
"""A larger number has no square in float64 sums, and none near it in float32."""


def row_encoding(likelihood: Likelihood, x: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Returns the function that encodes rows as the likelihood does for an encoder, flattened.

    Args:
      likelihood: The likelihood of the rows.
      x: The rows, `[N, *event]`, to whose mean and spread the encoding is adapted.
    """
    encoding = likelihood.input_encoding()
    if encoding is not None:
        encoding.adapt(x)

    def encoded(rows: np.ndarray) -> np.ndarray:
        values = np.asarray(rows if encoding is None else encoding(rows))
        return values.reshape(len(rows), -1)

    return encoded


def features_of(
    features: Callable[[np.ndarray], Any], samples: Sequence[np.ndarray], batch_size: int
) -> list[np.ndarray]:
    """Returns the features of samples, `[N, D]` of float64 each.

    Args:
      features: A function from rows `[B, *event]` to features `[B, D]`.
      samples: Rows, `[N, *event]` each.
      batch_size: B, the number of rows at once.

    Raises:
      TypeError: If the function returns no array of real numbers.
      ValueError: If it returns another shape, or numbers that are not finite.
    """
    found = []
    width = None
    for sample in samples:
        parts = []
        for start in range(0, len(sample), batch_size):
            rows = sample[start : start + batch_size]
            parts.append(_checked(features(rows), len(rows), width))
            width = parts[0].shape[1]
        found.append(np.concatenate(parts))
    return found


def _checked(returned: Any, rows: int, width: int | None) -> np.ndarray:
    """Returns features as an array `[rows, width]`, or `[rows, D]` if the width is None."""
    values = checks.array(returned, "features(x)")
    wrong_width = values.ndim == 2 and values.shape[1] != (width or max(1, values.shape[1]))
    if values.ndim != 2 or len(values) != rows or wrong_width:
        raise ValueError(
            f"`features` must return an array {shapes.written(rows, width or 'D')} for {rows} "
            f"rows; got shape {list(values.shape)}."
        )
    values = values.astype(np.float64)
    wrong = ~(np.abs(values) <= _LARGEST)
    if wrong.any():
        raise ValueError(
            f"`features` must return finite numbers of at most {_LARGEST:g}; got "
            f"{values[wrong][0]:g}."
        )
    return values
