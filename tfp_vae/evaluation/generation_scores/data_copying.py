"""Data-copying: whether draws are nearer to training rows than held-out rows are."""

import math
from typing import NamedTuple

import numpy as np
from scipy import stats
from sklearn.neighbors import NearestNeighbors

from tfp_vae.evaluation.generation_scores.records import DataCopying, GenerationScore

_SHOWN = 10


class NearestRows(NamedTuple):
    """The nearest training row of every point.

    Attributes:
      distance: The distance to it, `[N]`.
      place: Its index, `[N]`.
    """

    distance: np.ndarray
    place: np.ndarray


def data_copying(
    row_features: np.ndarray,
    draw_features: np.ndarray,
    training_features: np.ndarray,
    draws: np.ndarray,
    training: np.ndarray,
) -> DataCopying:
    """Compares draws with held-out rows by the distance to their nearest training rows.

    Args:
      row_features: Features of held-out rows, `[N, D]`.
      draw_features: Features of draws, `[M, D]`.
      training_features: Features of training rows, `[T, D]`.
      draws: The draws, `[M, *event]`.
      training: The training rows, `[T, *event]`.

    Source: Meehan et al. (2020), "A non-parametric test to detect data-copying in generative
    models", with all rows in one cell.
    """
    of_draws = nearest_rows(draw_features, training_features)
    of_rows = nearest_rows(row_features, training_features)
    share, p_value = share_closer(of_draws.distance, of_rows.distance)
    closest = np.argsort(of_draws.distance, kind="stable")[:_SHOWN]
    places = of_draws.place[closest]
    return DataCopying(
        share_closer=share,
        p_value=p_value,
        closest_draws=draws[closest],
        nearest_training_rows=training[places],
        nearest_training_places=places,
        closest_distances=of_draws.distance[closest],
    )


def nearest_rows(points: np.ndarray, training: np.ndarray) -> NearestRows:
    """Returns the nearest training row of every point, and the distance to it.

    The search forms distances as differences of squares, in which those of nearly equal rows are
    lost; that to the row that it finds is computed again.

    Args:
      points: Features, `[N, D]`.
      training: Features of training rows, `[T, D]`.
    """
    search = NearestNeighbors(n_neighbors=1).fit(training)
    place = search.kneighbors(points, return_distance=False)[:, 0]
    return NearestRows(np.linalg.norm(points - training[place], axis=1), place)


def share_closer(
    draw_distance: np.ndarray, row_distance: np.ndarray
) -> tuple[GenerationScore, float]:
    """Returns the share of pairs in which the draw is closer, and its p-value.

    The p-value is that of Mann and Whitney's test, that draws are closer; a tie counts as half.

    Args:
      draw_distance: The distances of draws to their nearest training rows, `[M]`, at least two.
      row_distance: Those of held-out rows, `[N]`, at least two.

    Source: DeLong et al. (1988), "Comparing the areas under two or more correlated receiver
    operating characteristic curves" (the standard error).
    """
    of_draws = 1.0 - _share_below(draw_distance, row_distance)
    of_rows = _share_below(row_distance, draw_distance)
    variance = of_draws.var(ddof=1) / len(of_draws) + of_rows.var(ddof=1) / len(of_rows)
    share = GenerationScore(float(of_draws.mean()), math.sqrt(variance), 0.5)
    # The test divides by the spread of the ranks.
    if np.ptp(np.concatenate([draw_distance, row_distance])) == 0.0:
        return share, 1.0
    test = stats.mannwhitneyu(draw_distance, row_distance, alternative="less", method="asymptotic")
    return share, float(test.pvalue)


def _share_below(values: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Returns the share of others below every value, a tie counting as half, `[len(values)]`."""
    others = np.sort(others)
    below = np.searchsorted(others, values, side="left")
    not_above = np.searchsorted(others, values, side="right")
    share: np.ndarray = (below + not_above) / (2.0 * len(others))
    return share
