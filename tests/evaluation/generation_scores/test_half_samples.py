"""Standard errors by halves of a sample."""

import numpy as np
import pytest

from tfp_vae.evaluation.generation_scores.comparison import sample_comparison
from tfp_vae.evaluation.generation_scores.half_samples import (
    SPLITS,
    half_sample_standard_error,
    half_samples,
)


@pytest.mark.parametrize("count", [20, 21])
def test_are_two_random_halves(count):
    halves = half_samples(count, np.random.default_rng(0))
    assert halves.shape == (2 * SPLITS, count)
    assert (halves[::2] == ~halves[1::2]).all()
    assert (halves[::2].sum(axis=1) == count // 2).all()
    assert len({tuple(half) for half in halves}) == 2 * SPLITS


def test_the_error_of_a_mean():
    """Over all splits of four numbers, the square is their variance over four."""
    x = np.array([1.0, 2.0, 4.0, 9.0])
    pairs = [[0, 1], [0, 2], [0, 3]]
    means = [part.mean() for pair in pairs for part in (x[pair], np.delete(x, pair))]
    expected = x.std(ddof=1) / 2.0
    assert half_sample_standard_error(np.array(means)) == pytest.approx(expected)


@pytest.mark.parametrize("width", [2, 8])
def test_the_errors_are_the_spread_over_data_sets(width):
    values, errors = [], []
    for seed in range(25):
        rng = np.random.default_rng(seed)
        x, draws = rng.normal(size=[80, width]), 0.5 + 1.2 * rng.normal(size=[60, width])
        scores = sample_comparison(x, draws, 5, rng)
        values.append([score.value for score in scores])
        errors.append([score.standard_error for score in scores])
    ratio = np.mean(errors, axis=0) / np.std(values, axis=0, ddof=1)
    # The spread over 25 data sets has a relative error of 0.15.
    assert (ratio > 0.6).all()
    assert (ratio < 1.6).all()
