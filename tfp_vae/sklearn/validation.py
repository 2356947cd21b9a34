"""Data as scikit-learn checks it, where even data that fails by itself is refused in one way."""

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
      estimator: Whose columns they are.
      X: The data.
      reset: Whether the estimator shall remember their columns, rather than ask for those it has.

    Raises:
      TypeError: If it is no data, in scikit-learn's words.
      ValueError: If its shape or a value is wrong, in scikit-learn's words.
    """
    with _failures_as_errors_of("X"):
        return validate_data(estimator, X, dtype=DTYPES, reset=reset)


def array_of(X: Any) -> np.ndarray:  # noqa: N803
    """Returns the rows of X, `[N, columns]`, of any columns; refuses as `rows_of` does."""
    with _failures_as_errors_of("X"):
        return check_array(X, dtype=DTYPES)


@contextlib.contextmanager
def _failures_as_errors_of(name: str) -> Iterator[None]:
    try:
        yield
    except (TypeError, ValueError):
        raise
    except Exception as error:
        raise ValueError(
            f"`{name}` must turn into an array; got data that fails with a "
            f"{type(error).__name__}: {error}."
        ) from error
