"""Independent columns: the baseline that knows nothing of how columns depend on each other."""

import time

import numpy as np
from scipy import stats

from benchmarks.defaults.real_data import Split
from benchmarks.defaults.scaling import FLOORS, Scaling
from benchmarks.defaults.scores import Score


def add_one(train: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Returns log probabilities by the training frequencies of whole numbers, add-one smoothed.

    The levels are those from the smallest training value, or from 0, to the largest. Every level
    and all values beyond have one count more; beyond, the probability halves at every step.
    """
    lowest, highest = int(min(train.min(), 0)), int(train.max())
    levels = highest - lowest + 1
    counts = np.bincount(train.astype(int) - lowest, minlength=levels) + 1.0
    total = counts.sum() + 1.0
    places = x.astype(int) - lowest
    beyond = np.maximum(np.maximum(places - levels + 1, -places), 0)
    inside = counts[np.clip(places, 0, levels - 1)]
    both_sides = lowest < 0
    tail = -np.log(total) - beyond * np.log(2.0) - (np.log(2.0) if both_sides else 0.0)
    return np.where(beyond > 0, tail, np.log(inside / total))


def rounded_normal(train: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Returns log probabilities of whole numbers under the rounded normal of the training rows."""
    loc, scale = train.mean(), max(train.std(), 0.1)
    upper, lower = (x + 0.5 - loc) / scale, (x - 0.5 - loc) / scale
    # The tail on the side of the value, where the difference keeps its digits.
    flip = lower > 0.0
    upper, lower = np.where(flip, -lower, upper), np.where(flip, -upper, lower)
    log_upper, log_lower = stats.norm.logcdf(upper), stats.norm.logcdf(lower)
    return log_upper + np.log(-np.expm1(np.minimum(log_lower - log_upper, -1e-12)))


def score(data: Split, _: int, discrete: np.ndarray) -> Score:
    """Scores independent columns.

    A real column is normal; a discrete one has the frequencies of the training rows or a rounded
    normal, whichever is better on the validation rows.

    Args:
      data: The rows.
      _: The number of latents, which there are none of.
      discrete: Which values of a row have a probability, `[D]`.
    """
    begun = time.process_time()
    train, valid, test = (
        rows.reshape(len(rows), -1).astype(np.float64)
        for rows in (data.x_train, data.x_valid, data.x_test)
    )
    log_p = np.zeros(len(test))
    for column in np.flatnonzero(discrete):
        parts = [rows[:, column] for rows in (train, valid, test)]
        best = max((add_one, rounded_normal), key=lambda way: way(parts[0], parts[1]).sum())
        log_p += best(parts[0], parts[2])
    notes = {}
    if not discrete.all():
        scaling = Scaling.of(train[:, ~discrete])
        variance = scaling(train[:, ~discrete]).var(axis=0)

        def normal(rows: np.ndarray, floor: float) -> np.ndarray:
            scale = np.sqrt(np.maximum(variance, floor))
            densities = stats.norm.logpdf(scaling(rows[:, ~discrete]), scale=scale)
            return densities.sum(axis=1) - scaling.log_scale

        floor = max(FLOORS, key=lambda each: normal(valid, each).mean())
        log_p += normal(test, floor)
        notes["floor"] = floor
    means = np.broadcast_to(train.mean(axis=0), test.shape).reshape(data.x_test.shape)
    return Score(log_p, discrete, means, time.process_time() - begun, notes)
