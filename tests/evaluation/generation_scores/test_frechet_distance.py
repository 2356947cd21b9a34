"""The distance of two normals, by their closed forms."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import linalg

from tests.support.feature_samples import normals, turned, with_moments
from tfp_vae.evaluation.generation_scores.frechet_distance import frechet_distance


def test_of_diagonal_covariances():
    """|m - n|² and the squared differences of the standard deviations."""
    x = with_moments(np.array([1.0, 2.0, 3.0]), np.diag([1.0, 4.0, 9.0]))
    draws = with_moments(np.array([1.0, 0.0, 3.5]), np.diag([4.0, 4.0, 0.25]), 70, seed=1)
    expected = 4.0 + 0.25 + (1.0 - 2.0) ** 2 + (3.0 - 0.5) ** 2
    assert frechet_distance(x, draws) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_of_any_covariances(seed):
    rng = np.random.default_rng(seed)
    covariances = [each @ each.T + 0.1 * np.eye(4) for each in rng.normal(size=[2, 4, 4])]
    means = rng.normal(size=[2, 4])
    x, draws = (with_moments(*each) for each in zip(means, covariances, strict=True))
    root = linalg.sqrtm(covariances[0] @ covariances[1]).real
    expected = np.sum((means[0] - means[1]) ** 2) + np.trace(
        covariances[0] + covariances[1] - 2.0 * root
    )
    assert frechet_distance(x, draws) == pytest.approx(expected, rel=1e-9)


def test_of_two_rows_by_hand():
    """Means (1, 0) and (0, 1); variances of 2 in different directions."""
    assert frechet_distance(
        np.array([[0.0, 0.0], [2.0, 0.0]]), np.array([[0.0, 0.0], [0.0, 2.0]])
    ) == pytest.approx(2.0 + 2.0 + 2.0)


def test_of_fewer_rows_than_features():
    """By the eigenvalues of S^½ T S^½, with S^½ of eigenvectors."""
    x, draws = normals(0, 6, 30), 2.0 * normals(1, 9, 30) + 0.5
    values, vectors = np.linalg.eigh(np.cov(x, rowvar=False))
    root = vectors @ np.diag(np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    other = np.cov(draws, rowvar=False)
    cross = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ other @ root), 0.0)).sum()
    means = np.sum((x.mean(axis=0) - draws.mean(axis=0)) ** 2)
    expected = means + values.sum() + np.trace(other) - 2.0 * cross
    assert frechet_distance(x, draws) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("shape", [(40, 3), (5, 40), (30, 1)])
def test_of_equal_samples_is_zero_and_never_negative(shape):
    x = normals(2, *shape)
    assert 0.0 <= frechet_distance(x, x) < 1e-12
    assert 0.0 <= frechet_distance(x, x[::-1]) < 1e-12


@given(st.integers(0, 10**6), st.floats(0.1, 10.0), st.sampled_from([3, 12]))
def test_laws(seed, scale, width):
    x, draws = normals([seed, 0], 10, width), 1.0 + 2.0 * normals([seed, 1], 8, width)
    distance = frechet_distance(x, draws)
    shift = normals([seed, 2], width)
    assert frechet_distance(draws, x) == pytest.approx(distance)
    assert frechet_distance(turned(x, seed), turned(draws, seed)) == pytest.approx(distance)
    assert frechet_distance(scale * x, scale * draws) == pytest.approx(scale**2 * distance)
    assert frechet_distance(x + 1e6, draws + 1e6) == pytest.approx(distance, rel=1e-6)
    assert frechet_distance(x, x + shift) == pytest.approx(np.sum(shift**2))
