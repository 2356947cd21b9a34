"""Statistics of columns with missing values, by which marginals are estimated."""

from collections.abc import Callable

import numpy as np

_MOST_VALUES = 500_000
_LEAST_ROWS = 200
_GOLDEN = 0.5 * (np.sqrt(5.0) - 1.0)


def count(x: np.ndarray, observed: np.ndarray | None) -> np.ndarray:
    """Returns how many values are observed, `[*event]`."""
    return np.full(x.shape[1:], float(len(x))) if observed is None else observed.sum(axis=0) * 1.0


def mean(x: np.ndarray, observed: np.ndarray | None) -> np.ndarray:
    """Returns the mean of the observed values, 0 where there is none, `[*event]`."""
    if observed is None:
        return np.asarray(np.mean(x, axis=0, dtype=np.float64))
    total = np.sum(x, axis=0, dtype=np.float64, where=observed)
    return np.asarray(total / np.maximum(count(x, observed), 1.0))


def median(x: np.ndarray, observed: np.ndarray | None) -> np.ndarray:
    """Returns the median of the observed values, 0 where there is none, `[*event]`.

    Of many rows, those of a regular subset are used.
    """
    x, observed = thinned(x, observed, 10 * _MOST_VALUES)
    if observed is None:
        return np.asarray(np.median(x.astype(np.float64), axis=0))
    ordered = np.sort(np.where(observed, x, np.inf), axis=0).astype(np.float64)
    known = observed.sum(axis=0)
    upper = np.minimum(known // 2, len(x) - 1)
    lower = np.maximum(known - 1, 0) // 2
    ends = [np.take_along_axis(ordered, place[None], axis=0)[0] for place in (lower, upper)]
    return np.where(known > 0, 0.5 * (ends[0] + ends[1]), 0.0)


def thinned(
    x: np.ndarray,
    observed: np.ndarray | None,
    most_values: int = _MOST_VALUES,
    least_rows: int = _LEAST_ROWS,
) -> tuple[np.ndarray, np.ndarray | None]:
    """Returns rows at regular distances, as many as have `most_values` values together.

    Args:
      x: Rows, `[N, *event]`.
      observed: A boolean array of the same shape, or None.
      most_values: How many values the rows may have together.
      least_rows: How many rows are kept, if there are as many, however long they are.
    """
    wanted = max(most_values // x[0].size, least_rows)
    if len(x) <= wanted:
        return x, observed
    places = np.linspace(0, len(x) - 1, wanted).astype(int)
    return x[places], None if observed is None else observed[places]


def class_counts(x: np.ndarray, observed: np.ndarray | None, classes: int) -> np.ndarray:
    """Returns how often every class occurs among the observed codes, `[*event, classes]`."""
    size = x[0].size
    cells = x.reshape(len(x), size).astype(np.int64) + classes * np.arange(size)
    if observed is not None:
        cells = cells[observed.reshape(len(x), size)]
    found = np.bincount(cells.ravel(), minlength=classes * size).astype(np.float64)
    return found.reshape(*x.shape[1:], classes)


def bisected(
    function: Callable[[np.ndarray], np.ndarray], low: np.ndarray, high: np.ndarray
) -> np.ndarray:
    """Returns where an increasing function is 0, for every column, or the nearer end.

    Args:
      function: From numbers `[*event]` to their values, of the same shape.
      low: The lower ends, `[*event]`.
      high: The upper ends, `[*event]`.
    """
    for _ in range(50):
        middle = 0.5 * (low + high)
        below = function(middle) < 0.0
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.asarray(0.5 * (low + high))


def maximized(
    function: Callable[[np.ndarray], np.ndarray],
    low: np.ndarray,
    high: np.ndarray,
    iterations: int = 20,
) -> np.ndarray:
    """Returns where a function with one peak is largest, for every column, by golden section.

    Args:
      function: From numbers `[*event]` to their values, of the same shape.
      low: The lower ends, `[*event]`.
      high: The upper ends, `[*event]`.
      iterations: How often the interval becomes 0.62 times as long.
    """
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_left, at_right = function(left), function(right)
    for _ in range(iterations):
        goes_left = at_left > at_right
        low, high = np.where(goes_left, low, left), np.where(goes_left, right, high)
        left, right = (
            np.where(goes_left, high - _GOLDEN * (high - low), right),
            np.where(goes_left, left, low + _GOLDEN * (high - low)),
        )
        value = function(np.where(goes_left, left, right))
        at_left, at_right = (
            np.where(goes_left, value, at_right),
            np.where(goes_left, at_left, value),
        )
    return np.asarray(0.5 * (low + high))
