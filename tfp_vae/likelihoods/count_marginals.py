"""Marginals of counts, by maximum likelihood."""

import functools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from tfp_vae.likelihoods import marginal_statistics as statistics

_LEAST_LOG_R, _LARGEST_LOG_R = np.log(1e-3), 10.0
_LEAST_SHARE = 0.01
_STEPS = 30
_TURNS = 2


class CountMarginals(NamedTuple):
    """Mean, inverse dispersion and the share of excess zeros of every column, `[*event]` each."""

    mean: np.ndarray
    inverse_dispersion: np.ndarray
    zero_share: np.ndarray


def rate(
    x: np.ndarray, observed: np.ndarray | None, exposure: np.ndarray | None = None
) -> np.ndarray:
    """Returns the mean of every column; of one without a count, that of half a count.

    With exposures it is the mean for a unit of exposure, Σ x / Σ exposure over the observed.

    Args:
      x: Rows, `[N, *event]`.
      observed: A boolean array of the same shape, or None.
      exposure: The exposure of every row, `[N, 1, 1]`, or None for 1.
    """
    if exposure is None:
        known = np.maximum(statistics.count(x, observed), 1.0)
        return np.asarray(np.maximum(statistics.mean(x, observed), 0.5 / known))
    seen = True if observed is None else observed
    total = np.sum(np.broadcast_to(exposure, x.shape), axis=0, where=seen)
    total = np.where(total > 0.0, total, 1.0)
    found = np.sum(x, axis=0, dtype=np.float64, where=seen)
    return np.asarray(np.maximum(found, 0.5) / total)


def negative_binomial(
    x: np.ndarray, observed: np.ndarray | None, zero_inflated: bool
) -> CountMarginals:
    """Returns the negative binomial of largest likelihood for every column.

    The mean and the share of excess zeros have a closed form for given inverse dispersion, which is
    found by golden section between 1e-3 and e^10; it is 1 for a column without counts.

    Args:
      x: Rows, `[N, *event]`; where there are many, the dispersion is that of a regular subset.
      observed: A boolean array of the same shape, or None.
      zero_inflated: Whether there may be excess zeros; their share then is between 0.01 and 0.99.
    """
    mean = rate(x, observed)
    rows, known = statistics.thinned(np.asarray(x, np.float64), observed)
    average = rate(rows, known)
    zeros = statistics.mean(rows == 0.0, known)

    def parts(log_r: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if zero_inflated:
            return _zero_inflated_parts(np.exp(log_r), average, zeros)
        return average, np.zeros(average.shape)

    def log_likelihood(log_r: np.ndarray) -> np.ndarray:
        r = np.exp(log_r)
        count_mean, share = parts(log_r)
        terms = tf.math.lgamma(rows + r) - tf.math.lgamma(r)
        log_zero = -np.log1p(count_mean / r)
        likelihood = statistics.mean(terms.numpy(), known)
        likelihood += average * (np.log(count_mean / r) + log_zero)
        likelihood += (1.0 - zeros) * (np.log1p(-share) + r * log_zero)
        likelihood += zeros * np.log(share + (1.0 - share) * np.exp(r * log_zero))
        return np.asarray(likelihood)

    ends = np.full(mean.shape, _LEAST_LOG_R), np.full(mean.shape, _LARGEST_LOG_R)
    log_r = statistics.maximized(log_likelihood, *ends)
    log_r = np.where(zeros < 1.0, log_r, 0.0)
    share = parts(log_r)[1]
    return CountMarginals(
        mean / (1.0 - share),
        np.exp(log_r),
        np.clip(share, _LEAST_SHARE, 1.0 - _LEAST_SHARE),
    )


def shares(x: np.ndarray, observed: np.ndarray | None) -> np.ndarray:
    """Returns the shares of largest likelihood of Poisson counts of rows with known totals.

    The mean of a count is its share times the row's total, divided by the shares of the row's
    observed values. Of a column without a count the share is that of half a count.

    Args:
      x: Rows, `[N, *event]`.
      observed: A boolean array of the same shape, or None.

    Returns:
      The shares, `[*event]`, which add up to 1.
    """
    seen = np.ones(x.shape) if observed is None else observed * 1.0
    counts = np.asarray(x, np.float64) * seen
    axes = tuple(range(1, x.ndim))
    total = counts.sum(axis=axes, keepdims=True)
    found = np.maximum(counts.sum(axis=0), 0.5)
    share = found / found.sum()
    for _ in range(1 if observed is None else _STEPS):
        unit = total / np.maximum((seen * share).sum(axis=axes, keepdims=True), 1e-300)
        share = found / np.maximum((seen * unit).sum(axis=0), 1e-300)
        share /= share.sum()
    return np.asarray(share)


def negative_binomial_of_totals(
    x: np.ndarray, observed: np.ndarray | None, zero_inflated: bool
) -> CountMarginals:
    """Returns shares in place of means, and the inverse dispersions of largest likelihood.

    The shares are those of Poisson counts. For these the dispersion is found by golden section
    between 1e-3 and e^10, and in turn with it the share of excess zeros, between 0.01 and 0.99.

    Args:
      x: Rows, `[N, *event]`; where there are many, the dispersion is that of a regular subset.
      observed: A boolean array of the same shape, or None.
      zero_inflated: Whether there may be excess zeros.
    """
    share = shares(x, observed)
    rows, known = statistics.thinned(np.asarray(x, np.float64), observed)
    seen = np.ones(rows.shape) if known is None else known * 1.0
    axes = tuple(range(1, x.ndim))
    total = (rows * seen).sum(axis=axes, keepdims=True)
    mean = share * total / np.maximum((seen * share).sum(axis=axes, keepdims=True), 1e-300)
    inverse_dispersion, zeros = _spread(rows, seen, lambda _: mean, zero_inflated)
    return CountMarginals(share, inverse_dispersion, zeros)


def negative_binomial_of_exposures(
    x: np.ndarray, observed: np.ndarray | None, exposure: np.ndarray, zero_inflated: bool
) -> CountMarginals:
    """Returns means for a unit of exposure, and the inverse dispersions of largest likelihood.

    The means with their zeros are those of Poisson counts, Σ x / Σ exposure. For these the
    dispersion is found by golden section, and in turn with it the share of excess zeros, as of
    `negative_binomial_of_totals`.

    Args:
      x: Rows, `[N, *event]`; where there are many, the dispersion is that of a regular subset.
      observed: A boolean array of the same shape, or None.
      exposure: The exposure of every row, `[N, 1, 1]`.
      zero_inflated: Whether there may be excess zeros.
    """
    average = rate(x, observed, exposure)
    rows, known = statistics.thinned(np.asarray(x, np.float64), observed)
    seen = np.ones(rows.shape) if known is None else known * 1.0
    each = statistics.thinned(np.broadcast_to(exposure, x.shape), None)[0]
    inverse_dispersion, zeros = _spread(
        rows, seen, lambda share: average / (1.0 - share) * each, zero_inflated
    )
    mean = average / (1.0 - zeros) if zero_inflated else average
    return CountMarginals(mean, inverse_dispersion, zeros)


def _spread(
    rows: np.ndarray,
    seen: np.ndarray,
    mean_at: Callable[[np.ndarray], np.ndarray],
    zero_inflated: bool,
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the inverse dispersions and the shares of excess zeros of largest likelihood.

    Args:
      rows: Rows, `[N, *event]`.
      seen: 1 for every value that is observed, else 0, of the same shape.
      mean_at: From shares of excess zeros, `[*event]`, to the means of the counts, `[N, *event]`.
      zero_inflated: Whether there may be excess zeros.
    """

    def orders(log_r: np.ndarray) -> np.ndarray:
        r = np.exp(log_r)
        return np.asarray(tf.math.lgamma(rows + r).numpy() - tf.math.lgamma(r).numpy())

    def log_likelihood(
        log_r: np.ndarray, zeros: np.ndarray, of_orders: np.ndarray | None = None
    ) -> np.ndarray:
        r, mean = np.exp(log_r), np.maximum(mean_at(zeros), 1e-300)
        of_counts = orders(log_r) if of_orders is None else of_orders
        of_counts = of_counts + rows * (np.log(mean) - np.log(mean + r)) - r * np.log1p(mean / r)
        of_zeros = np.log(zeros + (1.0 - zeros) * np.exp(np.minimum(of_counts, 0.0)))
        inflated = np.where(rows == 0.0, of_zeros, np.log1p(-zeros) + of_counts)
        return np.asarray((inflated * seen).sum(axis=0))

    event = rows.shape[1:]
    ends = np.full(event, _LEAST_LOG_R), np.full(event, _LARGEST_LOG_R)
    bounds = np.full(event, _LEAST_SHARE), np.full(event, 1.0 - _LEAST_SHARE)
    zeros = np.zeros(event)
    log_r = statistics.maximized(functools.partial(log_likelihood, zeros=zeros), *ends)
    for _ in range(_TURNS if zero_inflated else 0):
        at_r = functools.partial(log_likelihood, log_r, of_orders=orders(log_r))
        zeros = statistics.maximized(at_r, *bounds)
        log_r = statistics.maximized(functools.partial(log_likelihood, zeros=zeros), *ends)
    some = (rows * seen).sum(axis=0) > 0.0
    return (
        np.where(some, np.exp(log_r), 1.0),
        np.where(some, np.maximum(zeros, _LEAST_SHARE), _LEAST_SHARE),
    )


def _zero_inflated_parts(
    r: np.ndarray, average: np.ndarray, zeros: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the best mean of the counts and share of excess zeros for given dispersion.

    The counts above 0 then have the mean of a negative binomial that is cut off at 0.

    Args:
      r: The inverse dispersion, `[*event]`.
      average: The mean, `[*event]`.
      zeros: The share of zeros, `[*event]`.
    """
    positive = average / np.maximum(1.0 - zeros, 1e-30)
    some = zeros < 1.0
    positive = np.where(some, positive, 1.0)
    mean = statistics.bisected(
        lambda each: each + positive * np.expm1(-r * np.log1p(each / r)),
        1e-6 * positive,
        positive,
    )
    above_zero = -np.expm1(-r * np.log1p(mean / r))
    share = 1.0 - (1.0 - zeros) / above_zero
    inflated = some & (share > 0.0)
    return np.where(inflated, mean, average), np.where(inflated, share, 0.0)


def concentrations(x: np.ndarray, observed: np.ndarray | None, shares: np.ndarray) -> np.ndarray:
    """Returns the concentrations of largest likelihood of a Dirichlet-multinomial, `[*event]`.

    Their sum is found by golden section for given shares, between 1e-3 and e^10; then all are
    improved by the fixed point of Minka (2000), "Estimating a Dirichlet distribution".

    Args:
      x: Rows, `[N, *event]`; where there are many, a regular subset is used.
      observed: A boolean array of the same shape, or None.
      shares: The shares to begin with, `[*event]`, positive, with a sum of 1.
    """
    rows, known = statistics.thinned(np.asarray(x, np.float64), observed)
    rows = rows.reshape(len(rows), -1)
    seen = np.ones(rows.shape) if known is None else known.reshape(rows.shape) * 1.0
    rows, shares_flat = rows * seen, shares.ravel()
    total = rows.sum(axis=1)

    def log_likelihood(log_sum: np.ndarray) -> np.ndarray:
        a = np.exp(log_sum) * shares_flat
        own = tf.math.lgamma(rows + a) - tf.math.lgamma(a)
        whole = seen @ a
        terms = tf.math.lgamma(np.where(total > 0.0, whole, 1.0)) - tf.math.lgamma(
            np.where(total > 0.0, total + whole, 1.0)
        )
        return np.asarray((own.numpy() * seen).sum() + terms.numpy().sum())

    ends = np.array(_LEAST_LOG_R), np.array(_LARGEST_LOG_R)
    a = np.exp(statistics.maximized(log_likelihood, *ends)) * shares_flat
    for _ in range(_STEPS):
        whole = np.where(total > 0.0, seen @ a, 1.0)
        rise = ((tf.math.digamma(rows + a) - tf.math.digamma(a)).numpy() * seen).sum(axis=0)
        of_whole = (tf.math.digamma(total + whole) - tf.math.digamma(whole)).numpy() @ seen
        proposed = np.where(rise > 0.0, a * rise / np.maximum(of_whole, 1e-300), a)
        # The same bounds as of the search, which data without overdispersion would leave.
        a = proposed * np.clip(proposed.sum(), *np.exp(ends)) / proposed.sum()
    return np.asarray(a.reshape(x.shape[1:]))
