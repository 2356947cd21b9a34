"""Marginals of location-scale families, by maximum likelihood."""

from typing import NamedTuple

import numpy as np

from tfp_vae.likelihoods import marginal_statistics as statistics

_ITERATIONS = 50
_TOLERANCE = 1e-4
_LEAST_SPREAD = 1e-2
_LEAST_DF = 2.5
_LARGEST_DF = 10.0
_MOST_CELLS = 1_000_000
_MOST_LEVELS = 1024
_NEWTON_STEPS = 40
LEAST_LOGISTIC_SCALE = 0.1
"""The smallest scale of a logistic in levels, at which a value off by one is still possible."""
_ADDED_ROWS, _LEAST_ADDED_ROWS = 0.01, 1e-12


class LocationScale(NamedTuple):
    """Location and scale of every column, `[*event]` each."""

    loc: np.ndarray
    scale: np.ndarray


def laplace(x: np.ndarray, observed: np.ndarray | None) -> LocationScale:
    """Returns the median, and the mean absolute deviation from it."""
    loc = statistics.median(x, observed)
    return LocationScale(loc, statistics.mean(np.abs(x - loc), observed))


def student_t(
    x: np.ndarray, observed: np.ndarray | None, df: float | None
) -> tuple[LocationScale, np.ndarray]:
    """Returns location, scale and degrees of freedom of Student's t for every column.

    By the ECM algorithm of Liu & Rubin (1995), "ML estimation of the t distribution using EM and
    its extensions, ECM and ECME", started at the median. Degrees of freedom are between 2.5 and 10:
    beyond 10, where the density hardly differs from a normal's, training would take long to return.
    The scale is at least a hundredth of the median deviation, since it would be 0 where more than
    half of the values are equal.

    Args:
      x: Rows, `[N, *event]`; where there are many, a regular subset is used.
      observed: A boolean array of the same shape, or None.
      df: The degrees of freedom where they are fixed.
    """
    x, observed = statistics.thinned(x, observed)
    loc = statistics.median(x, observed)
    seen = np.ones(x.shape, bool) if observed is None else observed
    deviation = np.where(seen, x - loc, 0.0)
    spread = statistics.median(np.abs(deviation), seen & (deviation != 0.0))
    varies = spread > 0.0
    centred = deviation / np.where(varies, spread, 1.0)
    known = np.maximum(seen.sum(axis=0), 1)
    shift, scale = np.zeros(loc.shape), np.ones(loc.shape)
    freedom = np.full(loc.shape, 5.0 if df is None else df)
    for _ in range(_ITERATIONS):
        before = (shift, scale, freedom)
        weights = (freedom + 1.0) / (freedom + ((centred - shift) / scale) ** 2) * seen
        shift = np.sum(weights * centred, axis=0) / np.maximum(weights.sum(axis=0), 1e-30)
        square = np.sum(weights * (centred - shift) ** 2, axis=0) / known
        scale = np.maximum(np.sqrt(square), _LEAST_SPREAD)
        if df is None:
            terms = np.log(np.where(seen, weights, 1.0)) - weights
            freedom = _degrees_of_freedom(terms.sum(axis=0) / known, freedom)
        change = [
            np.abs(new - old) for new, old in zip((shift, scale, freedom), before, strict=True)
        ]
        if np.max(change) < _TOLERANCE:
            break
    return LocationScale(loc + shift * spread, np.where(varies, scale * spread, 0.0)), freedom


def discretized_logistic(counts: np.ndarray) -> LocationScale:
    """Returns location and scale of a logistic variable rounded to levels, for every column.

    It is the proportional odds model without covariates, whose log-likelihood is concave in
    location / scale and 1 / scale: McCullagh (1980), "Regression models for ordinal data". A
    hundredth of a row is added, spread evenly over all levels, so that also a column of one value
    has a maximum. With more than 1,024 levels, mean and standard deviation are matched.

    Args:
      counts: How often every level occurs, `[*event, levels]`.
    """
    levels = counts.shape[-1]
    columns = counts.reshape(-1, levels)
    step = max(_MOST_CELLS // levels, 1)
    parts = [
        _logistic_of_columns(columns[start : start + step])
        for start in range(0, len(columns), step)
    ]
    loc, scale = (
        np.concatenate(part).reshape(counts.shape[:-1]) for part in zip(*parts, strict=True)
    )
    return LocationScale(loc, scale)


def logistic_scale(stddev: np.ndarray) -> np.ndarray:
    """Returns the scale of a logistic variable with a standard deviation, at least 0.1 levels."""
    return np.asarray(np.maximum(np.sqrt(3.0) / np.pi * stddev, LEAST_LOGISTIC_SCALE))


def _logistic_of_columns(counts: np.ndarray) -> LocationScale:
    """Returns location and scale for counts `[D, levels]`, by Newton's method."""
    levels = counts.shape[1]
    middle = 0.5 * (levels - 1)
    places = np.arange(levels) - middle
    by_moments = levels > _MOST_LEVELS
    weights = counts + (_LEAST_ADDED_ROWS if by_moments else _ADDED_ROWS) / levels
    weights /= weights.sum(axis=1, keepdims=True)
    mean = weights @ places
    scale = logistic_scale(np.sqrt(np.maximum(weights @ places**2 - mean**2, 0.0)))
    point = np.stack([mean / scale, 1.0 / scale])
    if not by_moments:
        best, step = _logistic_newton(point, places, weights)
        for _ in range(_NEWTON_STEPS):
            allowed = np.where(step[1] < 0.0, 0.7, 2.0) * point[1]
            trial = point + step * np.minimum(1.0, allowed / (np.abs(step[1]) + 1e-30))
            value, next_step = _logistic_newton(trial, places, weights)
            better = value >= best
            point, best = np.where(better, trial, point), np.where(better, value, best)
            step = np.where(better, next_step, 0.5 * step)
            if np.max(np.abs(step[1]) / point[1]) < _TOLERANCE:
                break
    return LocationScale(middle + point[0] / point[1], 1.0 / point[1])


def _logistic_newton(
    point: np.ndarray, places: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the mean log-probability `[D]`, and Newton's step `[2, D]`.

    Args:
      point: Location / scale and 1 / scale, `[2, D]`.
      places: The levels, `[levels]`.
      weights: Their frequencies, `[D, levels]`.
    """
    ratio, slope = point[:, :, None]
    # The tail above the last level belongs to it, that below the first to the first.
    of_upper, of_lower = weights[:, :-1], weights[:, 1:]
    upper, lower = places[:-1] + 0.5, places[1:] - 0.5
    interior = weights[:, 1:-1].sum(axis=1)
    above, below = slope * upper - ratio, slope * lower - ratio
    value = -np.sum(of_upper * np.logaddexp(0.0, -above), axis=1)
    value -= np.sum(of_lower * np.logaddexp(0.0, below), axis=1)
    value += interior * np.log(-np.expm1(-point[1]))
    sigmoid_above, sigmoid_below = _sigmoid(-above), _sigmoid(below)
    first, second = of_upper * sigmoid_above, of_lower * sigmoid_below
    curved_first, curved_second = first * (1.0 - sigmoid_above), second * (1.0 - sigmoid_below)
    odds = 1.0 / np.expm1(point[1])
    gradient = (
        second.sum(axis=1) - first.sum(axis=1),
        first @ upper - second @ lower + interior * odds,
    )
    aa = curved_first.sum(axis=1) + curved_second.sum(axis=1) + 1e-9
    ab = -(curved_first @ upper + curved_second @ lower)
    bb = curved_first @ upper**2 + curved_second @ lower**2 + interior * odds * (1.0 + odds) + 1e-9
    determinant = np.maximum(aa * bb - ab**2, 1e-18)
    step = np.stack(
        [
            (bb * gradient[0] - ab * gradient[1]) / determinant,
            (aa * gradient[1] - ab * gradient[0]) / determinant,
        ]
    )
    return value, step


def _sigmoid(x: np.ndarray) -> np.ndarray:
    small = np.exp(-np.abs(x))
    return np.asarray(np.where(x >= 0.0, 1.0, small) / (1.0 + small))


def _degrees_of_freedom(mean_term: np.ndarray, freedom: np.ndarray) -> np.ndarray:
    """Returns the degrees of freedom that maximise the expected log-likelihood.

    Args:
      mean_term: The mean of log w - w over a column, with the weights w of its values.
      freedom: The degrees of freedom with which the weights were computed.
    """
    half = 0.5 * (freedom + 1.0)
    constant = 1.0 + mean_term + _digamma(half) - np.log(half)
    return statistics.bisected(
        lambda each: _digamma(0.5 * each) - np.log(0.5 * each) - constant,
        np.full(freedom.shape, _LEAST_DF),
        np.full(freedom.shape, _LARGEST_DF),
    )


def _digamma(x: np.ndarray) -> np.ndarray:
    """Returns the digamma function of numbers above 1, from its asymptotic series at x + 6."""
    far = x + 6.0
    square = far**-2
    series = square * (1.0 / 12.0 - square * (1.0 / 120.0 - square / 252.0))
    shifts = sum(1.0 / (x + each) for each in range(6))
    return np.asarray(np.log(far) - 0.5 / far - series - shifts)
