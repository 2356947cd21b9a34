"""Draws that are copies of training rows, and draws that are not."""

import math

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import cdist

from tests.support.feature_samples import normals
from tfp_vae.evaluation.generation_scores import data_copying as copying


def test_of_two_distances_by_hand():
    share, p_value = copying.share_closer(np.array([1.0, 2.0]), np.array([2.0, 3.0]))
    assert share.value == (1.0 + 1.0 + 0.5 + 1.0) / 4
    assert share.expected == 0.5
    # Of the draws 1 and 0.75, of the rows 0.75 and 1, each with a variance of 1/32.
    assert share.standard_error == pytest.approx(math.sqrt(1 / 32))
    assert p_value < 0.5


def test_copies_and_draws_far_away():
    near_ones, far_ones = normals(0, 30) ** 2, 100.0 + normals(1, 40) ** 2
    copied, p_value = copying.share_closer(near_ones, far_ones)
    assert copied[:2] == (1.0, 0.0)
    assert p_value < 1e-9
    far, p_value = copying.share_closer(far_ones, near_ones)
    assert far[:2] == (0.0, 0.0)
    assert p_value > 1.0 - 1e-9


def test_distances_that_are_all_equal_tell_nothing():
    share, p_value = copying.share_closer(np.zeros(5), np.zeros(7))
    assert (*share, p_value) == (0.5, 0.0, 0.5, 1.0)


def test_the_error_and_the_p_value_of_equal_distributions():
    """The variance of the share is (M + N + 1) / 12 M N then."""
    rng = np.random.default_rng(0)
    found = [copying.share_closer(rng.random(30), rng.random(20)) for _ in range(300)]
    mean_square = np.mean([share.standard_error**2 for share, _ in found])
    assert mean_square == pytest.approx(51 / (12 * 30 * 20), rel=0.05)
    # The distance of Kolmogorov is above its 1e-4 quantile in 1e-4 of all seeds.
    assert stats.kstest([p_value for _, p_value in found], "uniform").pvalue > 1e-4


@pytest.mark.parametrize("width", [2, 40])
def test_nearest_rows(width):
    points, training = normals(0, 25, width), normals(1, 60, width)
    found = copying.nearest_rows(points, training)
    distance = cdist(points, training)
    np.testing.assert_array_equal(found.place, distance.argmin(axis=1))
    np.testing.assert_allclose(found.distance, distance.min(axis=1))


def test_the_distance_of_nearly_equal_rows_is_not_lost():
    training = 1e3 * normals(1, 60, 40)
    points = training[[3, 1]] + np.array([[0.0], [1e-7]])
    found = copying.nearest_rows(points, training)
    assert found.place.tolist() == [3, 1]
    np.testing.assert_allclose(found.distance, [0.0, 1e-7 * math.sqrt(40)], rtol=1e-4)


def test_the_closest_draws_are_shown_with_their_rows():
    training, draws = np.arange(20.0)[:, None], np.array([[3.25], [7.125], [12.0], [30.0]])
    rows = np.array([[0.375], [4.25], [9.5]])
    found = copying.data_copying(rows, draws, training, -draws, -training)
    assert found.closest_draws.tolist() == [[-12.0], [-7.125], [-3.25], [-30.0]]
    assert found.nearest_training_rows.tolist() == [[-12.0], [-7.0], [-3.0], [-19.0]]
    assert found.nearest_training_places.tolist() == [12, 7, 3, 19]
    assert found.closest_distances.tolist() == [0.0, 0.125, 0.25, 11.0]
    expected, p_value = copying.share_closer(
        np.array([0.25, 0.125, 0.0, 11.0]), np.array([0.375, 0.25, 0.5])
    )
    np.testing.assert_allclose(found.share_closer, expected)
    assert found.p_value == pytest.approx(p_value)
