"""Validation of data by scikit-learn, with one error for data that cannot be converted."""

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_array, validate_data

DTYPES = (np.float64, np.float32)


def rows_of(estimator: BaseEstimator, X: Any, reset: bool) -> np.ndarray:  # noqa: N803
    """Returns the rows of X, `[N, columns]`.

    Args:
      estimator: The estimator to which the columns belong.
      X: The data.
      reset: Whether to store the columns in the estimator, rather than to compare with its own.

    Raises:
      TypeError: If X is not data, by scikit-learn's message.
      ValueError: If its shape or a value is wrong, by scikit-learn's message.
    """
    with _failures_as_errors_of("X"):
        rows: np.ndarray = validate_data(estimator, X, dtype=DTYPES, reset=reset)
    return rows


def array_of(X: Any) -> np.ndarray:  # noqa: N803
    """Returns the rows of X, `[N, columns]`, with any columns; raises as `rows_of` does."""
    with _failures_as_errors_of("X"):
        rows: np.ndarray = check_array(X, dtype=DTYPES)
    return rows


@contextlib.contextmanager
def _failures_as_errors_of(name: str) -> Iterator[None]:
    try:
        yield
    except (TypeError, ValueError):
        raise
    except Exception as error:
        raise ValueError(
            f"`{name}` must convert to an array; got data that raises a "
            f"{type(error).__name__}: {error}."
        ) from error
