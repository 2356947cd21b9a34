"""The type of data in each column of a table, and the likelihood for each type."""

import math
from collections import Counter
from dataclasses import dataclass

import numpy as np

from tfp_vae.likelihoods.base import Likelihood
from tfp_vae.likelihoods.bernoulli import Bernoulli
from tfp_vae.likelihoods.categorical import Categorical
from tfp_vae.likelihoods.continuous_bernoulli import ContinuousBernoulli
from tfp_vae.likelihoods.negative_binomial import NegativeBinomial
from tfp_vae.likelihoods.normal import Normal
from tfp_vae.likelihoods.poisson import Poisson
from tfp_vae.likelihoods.student_t import StudentT
from tfp_vae.likelihoods.zero_inflated_negative_binomial import ZeroInflatedNegativeBinomial

MIN_ROWS = 50
"""With fewer rows, frequencies say too little: a value seen once has a frequency above 2 %."""

_MAX_CLASSES = 10
_MIN_FREQUENCY_OF_LARGEST = 0.05
"""Whole numbers 0 to 9 are class codes if at least 5 % of the rows have the largest of them.

Counts become rare towards their largest value. In simulated columns of 200 rows, at least 99 % of
those with 3 to 10 equally frequent classes pass, and at most 2 % of those with Poisson counts of
means 1 to 4; with 50 rows, at least 90 % and 13 to 30 %.
"""

_UNDER_DISPERSION = 0.5
_OVER_DISPERSION = 1.5
"""The variance of Poisson counts divided by their mean is 1, with a standard deviation of √(2 / N)
in N rows (Fisher's index of dispersion): the bounds are 2.5 of them away in 50 rows."""

_HEAVY_TAIL_RATIO = 6.0
"""A column has heavy tails if the range of its middle 99 % is above 6 interquartile ranges.

The ratio is 3.8 for a normal, 4.8 for a logistic, and for Student's t with 5 and 4 degrees of
freedom 5.5 and 6.2.
"""

_MIN_HEAVY_COLUMNS = 0.1
"""The share of columns with heavy tails that makes the likelihood a Student's t. It is small,
since every column has degrees of freedom of its own, with which light tails are learned."""

_EXCESS_ZEROS = 0.05
"""The standard error of a share of zeros in 100 rows is at most 0.05."""

_LARGE_COUNT = 1000.0
"""Counts of at least this mean are modelled as real values: a Poisson of this mean has a skewness
of 1/√1000 = 0.03, and a standard deviation of 32, so that steps of 1 are negligible."""

_UNSEEN = 3.0
"""An event expected three times is not seen with a probability of e⁻³, 5 %."""

BINARY, UNIT, CODES, COUNTS, REAL = "binary", "unit", "codes", "counts", "real"


@dataclass(frozen=True)
class Part:
    """Some columns of a table and their likelihood.

    Attributes:
      columns: The indices of the columns.
      likelihood: The likelihood of their values.
      reason: Why this likelihood.
    """

    columns: list[int]
    likelihood: Likelihood
    reason: str


def grouped(x: np.ndarray) -> list[tuple[str, list[int]]]:
    """Groups the columns of a table `[N, columns]` by type.

    A column of 0 and 1 alone, or of class codes, counts as counts where at least half of the
    columns are counts, and Poisson counts of its mean would as well have no larger value in so many
    rows: in a matrix of counts it is one whose larger values were not seen yet.
    """
    found = [_type_of(column) for column in x.T]
    if found.count(COUNTS) >= 0.5 * len(found):
        found = [
            COUNTS if each in (BINARY, CODES) and _may_be_counts(column) else each
            for each, column in zip(found, x.T, strict=True)
        ]
    varying = Counter(each for each in found if each is not None)
    # A constant column joins the commonest type whose support holds its value.
    common = [each for each, _ in varying.most_common()]
    types = [
        each or next((other for other in common if _supports(other, value)), REAL)
        for each, value in zip(found, x[0], strict=True)
    ]
    return [
        (each, [index for index, other in enumerate(types) if other == each])
        for each in dict.fromkeys(types)
    ]


def parts_for(x: np.ndarray) -> list[Part]:
    """Groups the columns of a table `[N, columns]` by type, and chooses a likelihood for each."""
    values = x.astype(np.float64)
    parts = []
    for each, columns in grouped(values):
        if each == CODES:
            parts += [_codes(values, [column]) for column in columns]
        else:
            parts.append(_PART_OF[each](values, columns))
    return parts


def _may_be_counts(column: np.ndarray) -> bool:
    """Returns whether larger Poisson counts would be expected in fewer than three rows."""
    mean = float(column.mean())
    up_to_largest = sum(
        mean**value * math.exp(-mean) / math.factorial(value)
        for value in range(int(column.max()) + 1)
    )
    return len(column) * (1.0 - up_to_largest) < _UNSEEN


def _type_of(column: np.ndarray) -> str | None:
    """Returns the type of a column, or None if it is constant."""
    lowest, highest = column.min(), column.max()
    if lowest == highest:
        return None
    if np.isin(column, (0.0, 1.0)).all():
        return BINARY
    if lowest >= 0.0 and highest <= 1.0:
        return UNIT
    if lowest < 0.0 or (column != np.floor(column)).any():
        return REAL
    if column.mean() >= _LARGE_COUNT:
        return REAL
    has_few_values = highest < _MAX_CLASSES and len(column) >= MIN_ROWS
    if has_few_values and np.mean(column == highest) >= _MIN_FREQUENCY_OF_LARGEST:
        return CODES
    return REAL if column.var() < _UNDER_DISPERSION * column.mean() else COUNTS


def _supports(column_type: str, value: float) -> bool:
    if column_type in (BINARY, UNIT):
        return value in (0.0, 1.0)
    is_count = value >= 0.0 and value == np.floor(value)
    return column_type == REAL or (column_type == COUNTS and is_count)


def _binary(x: np.ndarray, columns: list[int]) -> Part:
    del x
    return Part(columns, Bernoulli([len(columns)]), "only 0 and 1")


def _unit(x: np.ndarray, columns: list[int]) -> Part:
    del x
    return Part(columns, ContinuousBernoulli([len(columns)]), "values in [0, 1]")


def _codes(x: np.ndarray, columns: list[int]) -> Part:
    likelihood = Categorical.for_values(x[:, columns])
    reason = (
        f"{likelihood.classes} whole numbers of which the largest is common, as in class codes and "
        "not in counts"
    )
    return Part(columns, likelihood, reason)


def _counts(x: np.ndarray, columns: list[int]) -> Part:
    likelihood, reason = count_likelihood(x[:, columns])
    return Part(columns, likelihood, reason)


def _real(x: np.ndarray, columns: list[int]) -> Part:
    likelihood, reason = real_likelihood(x[:, columns])
    return Part(columns, likelihood, reason)


_PART_OF = {BINARY: _binary, UNIT: _unit, CODES: _codes, COUNTS: _counts, REAL: _real}


def dispersion(x: np.ndarray) -> float:
    """Returns the variance of counts `[N, ...]` divided by their mean, 1 of Poisson counts."""
    values = x.reshape(len(x), -1).astype(np.float64)
    total = float(values.mean(axis=0).sum())
    return float(values.var(axis=0).sum()) / total if total > 0.0 else 1.0


def count_likelihood(x: np.ndarray) -> tuple[Likelihood, str]:
    """Chooses among the likelihoods of counts `[N, ...]`, by dispersion and by zeros."""
    event_shape = x.shape[1:]
    values = x.reshape(len(x), -1).astype(np.float64)
    mean, variance = values.mean(axis=0), values.var(axis=0)
    varying = variance > 0.0
    mean, variance, values = mean[varying], variance[varying], values[:, varying]
    if not varying.any():
        return Poisson(event_shape), "counts that do not vary"
    ratio = dispersion(values)
    if ratio < _OVER_DISPERSION:
        return Poisson(event_shape), f"counts whose variance is {ratio:.2g} times their mean"
    excess = np.maximum(variance - mean, 1e-6 * mean)
    inverse_dispersion = mean**2 / excess
    expected = (inverse_dispersion / (inverse_dispersion + mean)) ** inverse_dispersion
    zeros = np.mean(values == 0.0)
    if zeros > expected.mean() + _EXCESS_ZEROS:
        return ZeroInflatedNegativeBinomial(event_shape), (
            f"counts whose variance is {ratio:.2g} times their mean, and {zeros:.0%} zeros where "
            f"negative binomial counts of these means and variances have {expected.mean():.0%}"
        )
    return NegativeBinomial(event_shape), (
        f"counts whose variance is {ratio:.2g} times their mean, too much for Poisson counts"
    )


def real_likelihood(x: np.ndarray) -> tuple[Likelihood, str]:
    """Chooses among the likelihoods of real values `[N, ...]`, by their tails."""
    event_shape = x.shape[1:]
    values = x.reshape(len(x), -1).astype(np.float64)
    if len(values) >= 2 * MIN_ROWS:
        low, first, third, high = np.quantile(values, [0.005, 0.25, 0.75, 0.995], axis=0)
        spread = third - first
        heavy = (high - low)[spread > 0] > _HEAVY_TAIL_RATIO * spread[spread > 0]
        if heavy.size and heavy.mean() >= _MIN_HEAVY_COLUMNS:
            return StudentT(event_shape), (
                f"real values, of which {heavy.mean():.0%} of the columns have tails much heavier "
                "than a normal's"
            )
    return Normal(event_shape, scale="per_value"), "real values"
