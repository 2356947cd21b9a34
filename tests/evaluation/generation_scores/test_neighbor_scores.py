"""Precision, recall, density and coverage: by hand, by plain loops, and in expectation."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from tests.support.feature_samples import normals, turned
from tfp_vae.evaluation.generation_scores import neighbor_scores as neighborhoods


def near(x, draws, neighbors):
    """The scores of whole samples, as four numbers."""
    kept = (np.ones([1, len(each)], bool) for each in (x, draws))
    scores = neighborhoods.neighbor_scores(x, draws, neighbors, *kept)
    return np.array(scores)[:, 0]


def test_of_three_rows_by_hand():
    """The balls of the rows have radius 1, 1 and 2; those of the draws 9.5, 0.2 and 0.2."""
    x, draws = np.array([[0.0], [1.0], [3.0]]), np.array([[0.5], [10.0], [10.2]])
    # Only the first draw lies in balls of rows, those of 0 and of 1; it reaches all rows.
    np.testing.assert_allclose(near(x, draws, 1), [1 / 3, 1.0, 2 / 3, 2 / 3])


def test_the_edge_of_a_ball_is_inside():
    x, draws = np.array([[0.0], [1.0]]), np.array([[2.0], [4.0]])
    # Draw 2 lies at 1, the radius of the ball of row 1; row 0 at 2, that of draw 2.
    np.testing.assert_allclose(near(x, draws, 1), [0.5, 1.0, 0.5, 0.5])


def test_rows_that_are_equal_are_neighbours():
    x = np.zeros([4, 2])
    np.testing.assert_allclose(near(x, x, 3), [1.0, 1.0, 4 / 3, 1.0])


@pytest.mark.parametrize("neighbors", [1, 4])
def test_of_equal_samples(neighbors):
    x = normals(0, 40, 3)
    # Every ball holds its own row besides its neighbours.
    expected = [1.0, 1.0, (neighbors + 1) / neighbors, 1.0]
    np.testing.assert_allclose(near(x, x[::-1], neighbors), expected)


def test_of_samples_apart():
    x = normals(0, 30, 3)
    np.testing.assert_array_equal(near(x, 1e3 + x, 5), 0.0)


@pytest.mark.parametrize("neighbors", [1, 3, 5])
def test_the_expected_density_and_coverage_of_equal_distributions(neighbors):
    """1, and for each row the odds that its k nearest are all rows."""
    rows, draws = 15, 11
    rng = np.random.default_rng(neighbors)
    found = np.array(
        [
            near(rng.normal(size=[rows, 2]), rng.normal(size=[draws, 2]), neighbors)[2:]
            for _ in range(400)
        ]
    )
    none = math.comb(rows - 1, neighbors) / math.comb(rows + draws - 1, neighbors)
    error = found.std(axis=0, ddof=1) / math.sqrt(len(found))
    # Beyond 5 errors in 6e-7 of all seeds, were the seed not fixed.
    assert (np.abs(found.mean(axis=0) - [1.0, 1.0 - none]) < 5.0 * error).all()


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("small_blocks", [False, True])
def test_of_subsets_against_plain_loops(whole, small_blocks, monkeypatch):
    """Whole numbers have ties; with few candidates, neighbours are searched in all rows."""
    if small_blocks:
        monkeypatch.setattr(neighborhoods, "_DISTANCES_AT_ONCE", 100)
        monkeypatch.setattr(neighborhoods, "_CANDIDATES_PER_NEIGHBOR", 1)
    rng = np.random.default_rng(3)
    x, draws = rng.normal(size=[31, 2]), 0.4 + rng.normal(size=[23, 2])
    if whole:
        x, draws = x.round(), draws.round()
    kept_x, kept_draws = rng.random([4, 31]) < 0.6, rng.random([4, 23]) < 0.6
    found = neighborhoods.neighbor_scores(x, draws, 3, kept_x, kept_draws)
    for subset in range(4):
        own, other = x[kept_x[subset]], draws[kept_draws[subset]]
        distance = cdist(own, other)
        radius = np.sort(cdist(own, own), axis=1)[:, 3]
        other_radius = np.sort(cdist(other, other), axis=1)[:, 3]
        inside = distance <= radius[:, None]
        expected = [
            inside.any(axis=0).mean(),
            (distance <= other_radius).any(axis=1).mean(),
            inside.sum() / (3 * len(other)),
            inside.any(axis=1).mean(),
        ]
        np.testing.assert_allclose(np.array(found)[:, subset], expected)


@given(st.integers(0, 10**6), st.floats(0.1, 10.0))
def test_laws(seed, scale):
    x, draws = normals([seed, 0], 20, 3), 0.3 + 0.8 * normals([seed, 1], 15, 3)
    scores = near(x, draws, 4)
    changed = near(scale * turned(x, seed) + 7.0, scale * turned(draws, seed) + 7.0, 4)
    np.testing.assert_allclose(changed, scores)
    np.testing.assert_allclose(near(x[::-1], draws[::-1], 4), scores)
    assert near(draws, x, 4)[0] == scores[1]
