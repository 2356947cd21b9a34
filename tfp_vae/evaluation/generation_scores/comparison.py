"""The scores of two samples, with their errors and what to expect of equal distributions."""

from typing import NamedTuple

import numpy as np

from tfp_vae.evaluation.generation_scores.frechet_distance import frechet_distance
from tfp_vae.evaluation.generation_scores.half_samples import (
    half_sample_standard_error,
    half_samples,
)
from tfp_vae.evaluation.generation_scores.neighbor_scores import neighbor_scores
from tfp_vae.evaluation.generation_scores.records import GenerationScore

_SHUFFLES = 10


class SampleComparison(NamedTuple):
    """The scores of draws beside rows that do not need a third sample.

    Attributes:
      frechet_distance: Of means and covariances.
      precision: The share of draws among the rows.
      recall: The share of rows among the draws.
      density: The number of rows that a draw lies near to, relative to the number of neighbours.
      coverage: The share of rows that have a draw near.
    """

    frechet_distance: GenerationScore
    precision: GenerationScore
    recall: GenerationScore
    density: GenerationScore
    coverage: GenerationScore


def sample_comparison(
    x: np.ndarray, draws: np.ndarray, neighbors: int, generator: np.random.Generator
) -> SampleComparison:
    """Scores draws beside rows.

    What to expect of equal distributions is the score of both samples pooled and shuffled, which
    then have one distribution: with few rows the distance is above 0, in many dimensions precision
    and recall are far below 1, and where rows are equal the density is above 1. The distance varies
    more than the others between shuffles, and is a mean over several.

    Args:
      x: Features of rows, `[N, D]`.
      draws: Features of draws, `[M, D]`.
      neighbors: The number of neighbours in a neighbourhood, less than half of N and of M.
      generator: Draws the halves for the standard errors, and shuffles.
    """
    halves, draw_halves = (half_samples(len(each), generator) for each in (x, draws))
    pooled = np.concatenate([x, draws])
    shuffled = [np.split(generator.permutation(pooled), [len(x)]) for _ in range(_SHUFFLES)]
    one, other = shuffled[0]
    near = neighbor_scores(x, draws, neighbors, _with_all(halves), _with_all(draw_halves))
    near_shuffled = neighbor_scores(
        one, other, neighbors, np.ones([1, len(one)], bool), np.ones([1, len(other)], bool)
    )
    distances = np.array(
        [
            frechet_distance(x[half], draws[draw_half])
            for half, draw_half in zip(halves, draw_halves, strict=True)
        ]
    )
    return SampleComparison(
        GenerationScore(
            frechet_distance(x, draws),
            half_sample_standard_error(distances),
            float(np.mean([frechet_distance(*each) for each in shuffled])),
        ),
        *(
            GenerationScore(
                float(values[0]), half_sample_standard_error(values[1:]), float(alike[0])
            )
            for values, alike in zip(near, near_shuffled, strict=True)
        ),
    )


def _with_all(halves: np.ndarray) -> np.ndarray:
    """Returns the whole sample, and then its halves."""
    return np.concatenate([np.ones_like(halves[:1]), halves])
