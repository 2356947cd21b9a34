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
      ValueError: If its shape or a value is wrong, by scikit-learn's message, or it is a data frame
        of which a column holds words or blanks.
    """
    with _failures_as_errors_of("X"):
        try:
            rows: np.ndarray = validate_data(estimator, X, dtype=DTYPES, reset=reset)
        except (TypeError, ValueError) as error:
            column = _first_unusable_column(X)
            if column is None:
                raise
            raise ValueError(
                f"`X` must be numbers without blanks; got {column}. `tfp_vae.sklearn.TableVAE` "
                "takes a data frame as it is."
            ) from error
    return rows


def _first_unusable_column(X: Any) -> str | None:  # noqa: N803
    """Describes the first column of a data frame that is not all numbers; None if there is none."""
    names = getattr(X, "column_names", None) or getattr(X, "columns", None)
    if names is None or not hasattr(X, "__getitem__"):
        return None
    for name in names:
        values = np.asarray(X[name])
        if values.dtype.kind == "f" and np.isnan(values).any():
            return f"column {name!r} with {int(np.isnan(values).sum())} blanks"
        if values.dtype.kind not in "biuf" and values.size:
            return f"column {name!r}, which holds {values.ravel()[:1].tolist()[0]!r}"
    return None


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
