"""What kind of data every column of a table holds, and the likelihood of each kind."""

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

_MOST_CLASSES = 10
_FEW_ROWS = 50
_OFTEN = 0.05
_UNDER_DISPERSED = 0.5
_OVER_DISPERSED = 1.5
_HEAVY = 6.0
_SHARE_OF_HEAVY = 0.1
_MORE_ZEROS = 0.05
_AS_GOOD_AS_REAL = 1000.0

BINARY, UNIT, CODES, COUNTS, REAL = "binary", "unit", "codes", "counts", "real"


@dataclass(frozen=True)
class Part:
    """Some columns of a table and their likelihood.

    Attributes:
      columns: The columns.
      likelihood: The likelihood of their values.
      reason: Why this one.
    """

    columns: list[int]
    likelihood: Likelihood
    reason: str


def parts_for(x: np.ndarray) -> list[Part]:
    """Groups the columns of a table `[N, columns]` by kind, and chooses a likelihood for each."""
    values = x.astype(np.float64)
    told = [_kind(column) for column in values.T]
    varying = [kind for kind in told if kind is not None]
    # A column without variation goes along with any kind whose support it lies in.
    kinds = [
        kind or next((other for other in varying if _takes(other, value)), REAL)
        for kind, value in zip(told, values[0], strict=True)
    ]
    parts = []
    for kind in dict.fromkeys(kinds):
        columns = [index for index, other in enumerate(kinds) if other == kind]
        if kind == CODES:
            parts += [_codes(values, [column]) for column in columns]
        else:
            parts.append(_CHOICES[kind](values, columns))
    return parts


def _kind(column: np.ndarray) -> str | None:
    """Tells what a column holds; None where it does not vary."""
    lowest, highest = column.min(), column.max()
    if lowest == highest:
        return None
    if np.isin(column, (0.0, 1.0)).all():
        return BINARY
    if lowest >= 0.0 and highest <= 1.0:
        return UNIT
    if lowest < 0.0 or (column != np.floor(column)).any():
        return REAL
    if column.mean() >= _AS_GOOD_AS_REAL:
        return REAL
    few = highest < _MOST_CLASSES and len(column) >= _FEW_ROWS
    # Counts thin out towards their largest, while every class is there for its own sake.
    if few and np.mean(column == highest) >= _OFTEN:
        return CODES
    return REAL if column.var() < _UNDER_DISPERSED * column.mean() else COUNTS


def _takes(kind: str, value: float) -> bool:
    if kind in (BINARY, UNIT):
        return value in (0.0, 1.0)
    return kind == REAL or (kind == COUNTS and value >= 0.0 and value == np.floor(value))


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


_CHOICES = {BINARY: _binary, UNIT: _unit, CODES: _codes, COUNTS: _counts, REAL: _real}


def count_likelihood(x: np.ndarray) -> tuple[Likelihood, str]:
    """Chooses among the likelihoods of counts `[N, ...]`, by dispersion and by zeros."""
    event_shape = x.shape[1:]
    values = x.reshape(len(x), -1).astype(np.float64)
    mean, variance = values.mean(axis=0), values.var(axis=0)
    varying = variance > 0.0
    mean, variance, values = mean[varying], variance[varying], values[:, varying]
    if not varying.any():
        return Poisson(event_shape), "counts that do not vary"
    ratio = variance.sum() / mean.sum()
    if ratio < _OVER_DISPERSED:
        return Poisson(event_shape), f"counts whose variance is {ratio:.2g} times their mean"
    excess = np.maximum(variance - mean, 1e-6 * mean)
    inverse_dispersion = mean**2 / excess
    expected = (inverse_dispersion / (inverse_dispersion + mean)) ** inverse_dispersion
    zeros = np.mean(values == 0.0)
    if zeros > expected.mean() + _MORE_ZEROS:
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
    if len(values) >= 2 * _FEW_ROWS:
        low, first, third, high = np.quantile(values, [0.005, 0.25, 0.75, 0.995], axis=0)
        spread = third - first
        heavy = (high - low)[spread > 0] > _HEAVY * spread[spread > 0]
        if heavy.size and heavy.mean() >= _SHARE_OF_HEAVY:
            return StudentT(event_shape), (
                f"real values, of which {heavy.mean():.0%} of the columns have tails much heavier "
                "than a normal's"
            )
    return Normal(event_shape, scale="learned"), "real values"
