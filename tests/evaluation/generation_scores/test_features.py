"""What the scores see of rows."""

import math

import numpy as np
import pytest

from tests.support.feature_samples import normals
from tfp_vae import likelihoods
from tfp_vae.evaluation.generation_scores.features import features_of, row_encoding


def _pooled(flat):
    return math.sqrt(flat.var(axis=0).mean())


def test_columns_are_divided_by_their_standard_deviations():
    x = np.array([[0.0, 100.0, 5.0], [2.0, 500.0, 5.0]], "float32")
    encoded = row_encoding(likelihoods.Normal([3]), x)(x + np.array([0.0, 0.0, 1.0], "float32"))
    # The last column does not vary in x.
    np.testing.assert_allclose(encoded, [[-1.0, -1.0, 1.0], [1.0, 1.0, 1.0]], rtol=1e-6)


def test_an_image_is_divided_by_one_number():
    x = normals(0, 50, 2, 2, 1).astype("float32") * np.array([[[0.01], [1.0]]], "float32")
    encoded = row_encoding(likelihoods.Normal([2, 2, 1]), x)(x)
    assert encoded.shape == (50, 4)
    flat = x.reshape(50, 4)
    np.testing.assert_allclose(encoded.std(axis=0), flat.std(axis=0) / _pooled(flat), rtol=1e-4)


def test_binary_values_stay_and_class_codes_are_vectors():
    x = np.array([[0.0, 1.0], [1.0, 1.0]], "float32")
    np.testing.assert_array_equal(row_encoding(likelihoods.Bernoulli([2]), x)(x), x)
    encoded = row_encoding(likelihoods.Categorical([2], classes=3), x)(x)
    np.testing.assert_array_equal(encoded, [[1, 0, 0, 0, 1, 0], [0, 1, 0, 0, 1, 0]])


def test_they_are_taken_batch_by_batch():
    seen = []

    def features(rows):
        seen.append(len(rows))
        return rows.sum(axis=(1, 2))[:, None]

    x, draws = normals(0, 7, 2, 2), normals(1, 3, 2, 2)
    found = features_of(features, [x, draws], batch_size=3)
    assert seen == [3, 3, 1, 3]
    for own, sample in zip(found, (x, draws), strict=True):
        assert own.dtype == np.float64
        np.testing.assert_allclose(own[:, 0], sample.sum(axis=(1, 2)))


@pytest.mark.parametrize(
    ("features", "error", "message"),
    [
        (lambda rows: rows.sum(), ValueError, r"an array \[4, D\] for 4 rows; got shape \[\]"),
        (lambda rows: rows[:, 0], ValueError, r"`features` must return .* got shape \[4\]"),
        (lambda rows: rows[:, :0], ValueError, r"got shape \[4, 0\]"),
        (lambda rows: rows[:3], ValueError, r"got shape \[3, 2\]"),
        (lambda rows: rows[None], ValueError, r"got shape \[1, 4, 2\]"),
        (lambda rows: rows[:, : len(rows) // 2], ValueError, r"\[3, 2\] .* got shape \[3, 1\]"),
        (lambda rows: rows * np.nan, ValueError, "finite numbers of at most 1e[+]30; got nan"),
        (lambda rows: rows + np.inf, ValueError, "`features` must return .* got inf"),
        (lambda rows: 0.0 * rows - 1e31, ValueError, "at most 1e[+]30; got -1e[+]31"),
        (lambda rows: [["a"]] * len(rows), TypeError, r"`features\(x\)` must be an array of"),
        (lambda rows: None, TypeError, r"`features\(x\)` must be an array of numbers"),
    ],
)
def test_what_no_features_are_is_named(features, error, message):
    with pytest.raises(error, match=message):
        features_of(features, [normals(0, 4, 2), normals(0, 3, 2)], batch_size=10)
