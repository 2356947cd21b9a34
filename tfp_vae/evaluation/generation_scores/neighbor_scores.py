"""Precision, recall, density and coverage: draws in the neighbourhoods of data, and data in theirs.

The neighbourhood of a row is the ball that reaches to its k-th nearest neighbour among the other
rows of its sample.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from scipy.spatial.distance import cdist

_DISTANCES_AT_ONCE = 2**22
_CANDIDATES_PER_NEIGHBOR = 12
"""Among so many nearest rows, a half of all rows almost always has enough."""


class NeighborScores(NamedTuple):
    """Scores of S subsets of rows and draws.

    Attributes:
      precision: The share of draws in the neighbourhood of a row, `[S]`.
      recall: The share of rows in the neighbourhood of a draw, `[S]`.
      density: The mean number of rows in whose neighbourhood a draw lies, divided by k, `[S]`.
      coverage: The share of rows with a draw in their neighbourhood, `[S]`.
    """

    precision: np.ndarray
    recall: np.ndarray
    density: np.ndarray
    coverage: np.ndarray


def neighbor_scores(
    x: np.ndarray,
    draws: np.ndarray,
    neighbors: int,
    kept_x: np.ndarray,
    kept_draws: np.ndarray,
) -> NeighborScores:
    """Returns precision, recall, density and coverage of subsets of two samples.

    A point on the edge of a ball is inside, so that equal rows are neighbours. For draws of the
    distribution of the data, if it is continuous, the expected density is 1, and the expected
    coverage 1 - (N-1)...(N-k) / (N+M-1)...(N+M-k), near 1 - 2^-k where N = M: a row is not covered
    if its k nearest among the other rows and the draws are all rows.

    Args:
      x: Features of rows, `[N, D]`.
      draws: Features of draws, `[M, D]`.
      neighbors: k, less than the number of rows, and of draws, in every subset.
      kept_x: Which rows are in every subset, boolean, `[S, N]`.
      kept_draws: Which draws are in every subset, boolean, `[S, M]`.

    Source: Kynkäänniemi et al. (2019), "Improved precision and recall metric for assessing
    generative models"; Naeem et al. (2020), "Reliable fidelity and diversity metrics for generative
    models".
    """
    radius = _neighbor_distances(x, neighbors, kept_x)
    draw_radius = _neighbor_distances(draws, neighbors, kept_draws)
    around = np.zeros(kept_draws.shape, int)
    recalled, covered = np.zeros(kept_x.shape, bool), np.zeros(kept_x.shape, bool)
    for own in _blocks(len(x), len(draws)):
        distance = cdist(x[own], draws)
        # Few pairs are in a ball of any subset.
        row, draw = np.nonzero(distance <= radius[:, own].max(axis=0)[:, None])
        far = distance[row, draw]
        for subset, kept in enumerate(kept_draws):
            inside = far <= radius[subset, own][row]
            around[subset] += np.bincount(draw[inside], minlength=len(draws))
            covered[subset, own.start + row[inside & kept[draw]]] = True
        row, draw = np.nonzero(distance <= draw_radius.max(axis=0))
        far = distance[row, draw]
        for subset, radii in enumerate(draw_radius):
            recalled[subset, own.start + row[far <= radii[draw]]] = True
    return NeighborScores(
        precision=_means(around > 0, kept_draws),
        recall=_means(recalled, kept_x),
        density=_means(around, kept_draws) / neighbors,
        coverage=_means(covered, kept_x),
    )


def _neighbor_distances(x: np.ndarray, neighbors: int, kept: np.ndarray) -> np.ndarray:
    """Returns the distance of rows to their k-th nearest neighbour in every subset, `[S, N]`.

    For a row that is not in the subset it is -1.
    """
    distances = np.full(kept.shape, -1.0)
    candidates = min(len(x) - 1, _CANDIDATES_PER_NEIGHBOR * neighbors)
    for own in _blocks(len(x), len(x)):
        distance = cdist(x[own], x)
        rows = np.arange(len(distance))
        distance[rows, own.start + rows] = np.inf
        near = np.argpartition(distance, candidates - 1, axis=1)[:, :candidates]
        far = np.take_along_axis(distance, near, axis=1)
        order = np.argsort(far, axis=1)
        near, far = (np.take_along_axis(each, order, axis=1) for each in (near, far))
        for subset, members in enumerate(kept):
            rank = np.cumsum(members[near], axis=1)
            found = far[rows, np.argmax(rank == neighbors, axis=1)]
            few = rank[:, -1] < neighbors
            if few.any():
                among = distance[few][:, members]
                found[few] = np.partition(among, neighbors - 1, axis=1)[:, neighbors - 1]
            distances[subset, own] = np.where(members[own], found, -1.0)
    return distances


def _blocks(rows: int, columns: int) -> Iterator[slice]:
    """Yields slices of rows whose distances to `columns` points fit in memory."""
    size = max(1, _DISTANCES_AT_ONCE // columns)
    for start in range(0, rows, size):
        yield slice(start, min(start + size, rows))


def _means(values: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Returns the mean of values `[S, N]` over the members of every subset, `[S]`."""
    means: np.ndarray = (values * kept).sum(axis=1) / kept.sum(axis=1)
    return means
