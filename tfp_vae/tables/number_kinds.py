"""The kind of a column of numbers."""

import numpy as np

from tfp_vae.tables.column import Kind

_FEW_VALUES = 12
_ROWS_OF_A_VALUE = 5
"""Twelve different numbers, such as months, each in five rows or more on average, are classes with
an order."""

_COMMON_LARGEST = 0.05
"""Counts become rare towards their largest value: that of classes stands in 5 % of the rows."""

_FEWEST_NAMES = 10
_LARGE_COUNT = 1000.0
_SMALL_COUNT, _NEAR_ZERO = 30.0, 0.05
"""Larger whole numbers of which none is near 0, beside the largest, are measurements."""

_UNDER_DISPERSION = 0.5
"""The variance of Poisson counts is their mean, with a relative error of √(2 / rows)."""


def kind_of_numbers(values: np.ndarray, named_identifier: bool) -> tuple[Kind, str]:
    """Returns the kind of the numbers of a column, and the reason.

    Args:
      values: The numbers, `[N]`, without blanks.
      named_identifier: Whether the column is called as identifiers are.
    """
    distinct, counts = np.unique(values, return_counts=True)
    if len(distinct) == 1:
        return Kind.CONSTANT, f"{values[0]:g} wherever it is not blank"
    if np.isin(distinct, (0.0, 1.0)).all():
        return Kind.BINARY, "only 0 and 1"
    if len(distinct) == 2 and counts.min() >= 2:
        return Kind.BINARY, f"two values, {distinct[0]:g} and {distinct[1]:g}"
    whole = bool((values == np.floor(values)).all())
    if whole and len(distinct) == len(values) >= _FEWEST_NAMES:
        if values[0] in (0.0, 1.0) and (np.diff(values) == 1.0).all():
            return Kind.IDENTIFIER, "it counts the rows"
        if named_identifier:
            return Kind.IDENTIFIER, "a different whole number in every row, and its name says so"
    few = len(distinct) <= _FEW_VALUES and len(values) >= _ROWS_OF_A_VALUE * len(distinct)
    if few and not _is_like_counts(distinct, counts):
        listed = ", ".join(f"{each:g}" for each in distinct)
        return Kind.ORDERED, f"{len(distinct)} different numbers: {listed}"
    return _kind_of_whole(values) if whole else _kind_of_fractions(values)


def _is_like_counts(distinct: np.ndarray, counts: np.ndarray) -> bool:
    """Returns whether few different numbers are counts: from 0 or 1, the largest one rare."""
    whole = bool((distinct == np.floor(distinct)).all())
    return whole and distinct[0] in (0.0, 1.0) and counts[-1] < _COMMON_LARGEST * counts.sum()


def _kind_of_whole(values: np.ndarray) -> tuple[Kind, str]:
    lowest, highest, mean = values.min(), values.max(), values.mean()
    reach = f"whole numbers from {lowest:,.0f} to {highest:,.0f}"
    if lowest < 0.0:
        return Kind.REAL, f"{reach}, some below 0"
    if highest > _SMALL_COUNT and lowest > max(1.0, _NEAR_ZERO * highest):
        return Kind.POSITIVE, f"{reach}, far from 0, as in measurements"
    if mean >= _LARGE_COUNT:
        why = "too large to count one by one"
        return (Kind.POSITIVE if lowest > 0.0 else Kind.REAL), f"{reach}, {why}"
    if values.var() < _UNDER_DISPERSION * mean:
        return (
            Kind.POSITIVE if lowest > 0.0 else Kind.REAL
        ), f"{reach}, closer together than counts"
    return Kind.COUNT, reach


def _kind_of_fractions(values: np.ndarray) -> tuple[Kind, str]:
    lowest, highest = values.min(), values.max()
    reach = f"numbers from {lowest:.4g} to {highest:.4g}"
    if lowest >= 0.0 and highest <= 1.0:
        return Kind.PROPORTION, reach
    if lowest > 0.0:
        return Kind.POSITIVE, f"{reach}, all above 0"
    return Kind.REAL, f"{reach}, {'some below 0' if lowest < 0.0 else 'some of them 0'}"
