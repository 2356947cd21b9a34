"""Scores of draws beside data: hand-made samples, closed forms, and plain loops."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import linalg, stats
from scipy.spatial.distance import cdist

from tfp_vae import likelihoods
from tfp_vae.evaluation.generation_scores import classifier_test as classifiers
from tfp_vae.evaluation.generation_scores import data_copying as copying
from tfp_vae.evaluation.generation_scores import neighbor_scores as neighborhoods
from tfp_vae.evaluation.generation_scores.comparison import sample_comparison
from tfp_vae.evaluation.generation_scores.features import features_of, row_encoding
from tfp_vae.evaluation.generation_scores.frechet_distance import frechet_distance
from tfp_vae.evaluation.generation_scores.half_samples import (
    SPLITS,
    half_sample_standard_error,
    half_samples,
)

SCORES = ("frechet_distance", "precision", "recall", "density", "coverage")


def normals(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape)


def with_moments(mean, covariance, rows=50, seed=0):
    """Rows whose sample mean and covariance are given exactly."""
    x = normals(seed, rows, len(mean))
    x -= x.mean(axis=0)
    x = x @ np.linalg.inv(np.linalg.cholesky(np.cov(x, rowvar=False))).T
    return mean + x @ np.linalg.cholesky(covariance).T


def turned(x, seed):
    return x @ np.linalg.qr(normals(seed, x.shape[1], x.shape[1]))[0]


def near(x, draws, neighbors):
    """The scores of whole samples, as four numbers."""
    kept = (np.ones([1, len(each)], bool) for each in (x, draws))
    scores = neighborhoods.neighbor_scores(x, draws, neighbors, *kept)
    return np.array(scores)[:, 0]


class TestFrechetDistance:
    def test_of_diagonal_covariances(self):
        """|m - n|² and the squared differences of the standard deviations."""
        x = with_moments(np.array([1.0, 2.0, 3.0]), np.diag([1.0, 4.0, 9.0]))
        draws = with_moments(np.array([1.0, 0.0, 3.5]), np.diag([4.0, 4.0, 0.25]), 70, seed=1)
        expected = 4.0 + 0.25 + (1.0 - 2.0) ** 2 + (3.0 - 0.5) ** 2
        assert frechet_distance(x, draws) == pytest.approx(expected, rel=1e-12)

    @pytest.mark.parametrize("seed", range(3))
    def test_of_any_covariances(self, seed):
        rng = np.random.default_rng(seed)
        covariances = [each @ each.T + 0.1 * np.eye(4) for each in rng.normal(size=[2, 4, 4])]
        means = rng.normal(size=[2, 4])
        x, draws = (with_moments(*each) for each in zip(means, covariances, strict=True))
        root = linalg.sqrtm(covariances[0] @ covariances[1]).real
        expected = np.sum((means[0] - means[1]) ** 2) + np.trace(
            covariances[0] + covariances[1] - 2.0 * root
        )
        assert frechet_distance(x, draws) == pytest.approx(expected, rel=1e-9)

    def test_of_two_rows_by_hand(self):
        """Means (1, 0) and (0, 1); variances of 2 in different directions."""
        assert frechet_distance(
            np.array([[0.0, 0.0], [2.0, 0.0]]), np.array([[0.0, 0.0], [0.0, 2.0]])
        ) == pytest.approx(2.0 + 2.0 + 2.0)

    def test_of_fewer_rows_than_features(self):
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
    def test_of_equal_samples_is_zero_and_never_negative(self, shape):
        x = normals(2, *shape)
        assert 0.0 <= frechet_distance(x, x) < 1e-12
        assert 0.0 <= frechet_distance(x, x[::-1]) < 1e-12

    @given(st.integers(0, 10**6), st.floats(0.1, 10.0), st.sampled_from([3, 12]))
    def test_laws(self, seed, scale, width):
        x, draws = normals([seed, 0], 10, width), 1.0 + 2.0 * normals([seed, 1], 8, width)
        distance = frechet_distance(x, draws)
        shift = normals([seed, 2], width)
        assert frechet_distance(draws, x) == pytest.approx(distance)
        assert frechet_distance(turned(x, seed), turned(draws, seed)) == pytest.approx(distance)
        assert frechet_distance(scale * x, scale * draws) == pytest.approx(scale**2 * distance)
        assert frechet_distance(x + 1e6, draws + 1e6) == pytest.approx(distance, rel=1e-6)
        assert frechet_distance(x, x + shift) == pytest.approx(np.sum(shift**2))


class TestNeighbors:
    def test_of_three_rows_by_hand(self):
        """The balls of the rows have radius 1, 1 and 2; those of the draws 9.5, 0.2 and 0.2."""
        x, draws = np.array([[0.0], [1.0], [3.0]]), np.array([[0.5], [10.0], [10.2]])
        # Only the first draw lies in balls of rows, those of 0 and of 1; it reaches all rows.
        np.testing.assert_allclose(near(x, draws, 1), [1 / 3, 1.0, 2 / 3, 2 / 3])

    def test_the_edge_of_a_ball_is_inside(self):
        x, draws = np.array([[0.0], [1.0]]), np.array([[2.0], [4.0]])
        # Draw 2 lies at 1, the radius of the ball of row 1; row 0 at 2, that of draw 2.
        np.testing.assert_allclose(near(x, draws, 1), [0.5, 1.0, 0.5, 0.5])

    def test_rows_that_are_equal_are_neighbours(self):
        x = np.zeros([4, 2])
        np.testing.assert_allclose(near(x, x, 3), [1.0, 1.0, 4 / 3, 1.0])

    @pytest.mark.parametrize("neighbors", [1, 4])
    def test_of_equal_samples(self, neighbors):
        x = normals(0, 40, 3)
        # Every ball holds its own row besides its neighbours.
        expected = [1.0, 1.0, (neighbors + 1) / neighbors, 1.0]
        np.testing.assert_allclose(near(x, x[::-1], neighbors), expected)

    def test_of_samples_apart(self):
        x = normals(0, 30, 3)
        np.testing.assert_array_equal(near(x, 1e3 + x, 5), 0.0)

    @pytest.mark.parametrize("neighbors", [1, 3, 5])
    def test_the_expected_density_and_coverage_of_equal_distributions(self, neighbors):
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
    def test_of_subsets_against_plain_loops(self, whole, small_blocks, monkeypatch):
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
    def test_laws(self, seed, scale):
        x, draws = normals([seed, 0], 20, 3), 0.3 + 0.8 * normals([seed, 1], 15, 3)
        scores = near(x, draws, 4)
        changed = near(scale * turned(x, seed) + 7.0, scale * turned(draws, seed) + 7.0, 4)
        np.testing.assert_allclose(changed, scores)
        np.testing.assert_allclose(near(x[::-1], draws[::-1], 4), scores)
        assert near(draws, x, 4)[0] == scores[1]


class TestHalfSamples:
    @pytest.mark.parametrize("count", [20, 21])
    def test_are_two_random_halves(self, count):
        halves = half_samples(count, np.random.default_rng(0))
        assert halves.shape == (2 * SPLITS, count)
        assert (halves[::2] == ~halves[1::2]).all()
        assert (halves[::2].sum(axis=1) == count // 2).all()
        assert len({tuple(half) for half in halves}) == 2 * SPLITS

    def test_the_error_of_a_mean(self):
        """Over all splits of four numbers, the square is their variance over four."""
        x = np.array([1.0, 2.0, 4.0, 9.0])
        pairs = [[0, 1], [0, 2], [0, 3]]
        means = [part.mean() for pair in pairs for part in (x[pair], np.delete(x, pair))]
        expected = x.std(ddof=1) / 2.0
        assert half_sample_standard_error(np.array(means)) == pytest.approx(expected)

    @pytest.mark.parametrize("width", [2, 8])
    def test_the_errors_are_the_spread_over_data_sets(self, width):
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


def test_what_to_expect_is_what_equal_distributions_have():
    """In ten dimensions precision and recall are far below 1 then, and the distance is above 0."""
    alike = [
        sample_comparison(normals([seed, 0], 60, 10), normals([seed, 1], 50, 10), 3, generator)
        for seed in range(25)
        for generator in [np.random.default_rng(seed)]
    ]
    for name in SCORES:
        value, expected = (
            np.array([getattr(getattr(scores, name), each) for scores in alike])
            for each in ("value", "expected")
        )
        difference = value - expected
        # Beyond 5 errors in 4e-5 of all seeds for 25 differences, were the seeds not fixed.
        assert abs(difference.mean()) < 5.0 * difference.std(ddof=1) / 5.0, name
    apart = sample_comparison(
        normals(0, 60, 10), 9.0 + normals(1, 50, 10), 3, np.random.default_rng(0)
    )
    assert apart.precision.value == apart.coverage.value == 0.0
    assert apart.precision.expected > 0.5
    assert apart.frechet_distance.value > 10.0 * apart.frechet_distance.expected


class Threshold:
    """A classifier that calls a row a draw if its first feature is positive."""

    trained = None

    def __init__(self, random_state):
        assert isinstance(random_state, int)

    def fit(self, rows, is_draw):
        self.trained = rows
        assert is_draw.sum() == len(rows) / 2
        assert (rows[is_draw, 1] == 1.0).all()
        assert (rows[~is_draw, 1] == 0.0).all()

    def predict(self, rows):
        assert not (cdist(rows, self.trained) == 0.0).any()
        return rows[:, 0] > 0.0


class TestClassifier:
    @pytest.mark.parametrize("sizes", [(40, 40), (41, 61), (30, 21)])
    def test_accuracy_and_p_value_of_a_known_classifier(self, sizes, monkeypatch):
        """Against the exact test of Fisher, and the binomial error."""
        monkeypatch.setattr(classifiers, "RandomForestClassifier", Threshold)
        x = np.stack([normals(0, sizes[0]) - 0.2, np.zeros(sizes[0])], axis=1)
        draws = np.stack([normals(1, sizes[1]) + 0.2, np.ones(sizes[1])], axis=1)
        found = classifiers.classifier_test(x, draws, np.random.default_rng(2))
        # The same halves again.
        rng = np.random.default_rng(2)
        count = min(sizes)
        tested = [each[rng.permutation(len(each))[:count]][count // 2 :] for each in (x, draws)]
        called = [(each[:, 0] > 0.0).sum() for each in tested]
        held_out = count - count // 2
        right = called[1] + held_out - called[0]
        assert found.accuracy == pytest.approx(right / (2 * held_out))
        assert found.standard_error == pytest.approx(
            math.sqrt(found.accuracy * (1.0 - found.accuracy) / (2 * held_out))
        )
        table = [[called[1], called[0]], [held_out - called[1], held_out - called[0]]]
        assert found.p_value == pytest.approx(stats.fisher_exact(table, "greater").pvalue)

    def test_samples_apart_are_told_apart(self):
        found = classifiers.classifier_test(
            normals(0, 30, 3), 50.0 + normals(1, 30, 3), np.random.default_rng(0)
        )
        assert found.accuracy == 1.0
        assert found.standard_error == 0.0
        assert found.p_value == pytest.approx(1.0 / math.comb(30, 15))

    def test_a_difference_of_spread_is_found(self):
        found = classifiers.classifier_test(
            normals(0, 200, 2), 3.0 * normals(1, 200, 2), np.random.default_rng(0)
        )
        assert found.accuracy > 0.6
        assert found.p_value < 1e-3

    def test_p_values_of_equal_distributions_are_no_smaller_than_they_claim(self):
        p_values = [
            classifiers.classifier_test(
                normals([seed, 0], 24, 2), normals([seed, 1], 24, 2), np.random.default_rng(seed)
            ).p_value
            for seed in range(30)
        ]
        # Of 30 true tests, 14 are below 0.2 in 4e-4 of all seeds, were the seeds not fixed.
        assert sum(p_value <= 0.2 for p_value in p_values) < 14
        assert max(p_values) > 0.5


class TestDataCopying:
    def test_of_two_distances_by_hand(self):
        share, p_value = copying.share_closer(np.array([1.0, 2.0]), np.array([2.0, 3.0]))
        assert share.value == (1.0 + 1.0 + 0.5 + 1.0) / 4
        assert share.expected == 0.5
        # Of the draws 1 and 0.75, of the rows 0.75 and 1, each with a variance of 1/32.
        assert share.standard_error == pytest.approx(math.sqrt(1 / 32))
        assert p_value < 0.5

    def test_copies_and_draws_far_away(self):
        near_ones, far_ones = normals(0, 30) ** 2, 100.0 + normals(1, 40) ** 2
        copied, p_value = copying.share_closer(near_ones, far_ones)
        assert copied[:2] == (1.0, 0.0)
        assert p_value < 1e-9
        far, p_value = copying.share_closer(far_ones, near_ones)
        assert far[:2] == (0.0, 0.0)
        assert p_value > 1.0 - 1e-9

    def test_distances_that_are_all_equal_tell_nothing(self):
        share, p_value = copying.share_closer(np.zeros(5), np.zeros(7))
        assert (*share, p_value) == (0.5, 0.0, 0.5, 1.0)

    def test_the_error_and_the_p_value_of_equal_distributions(self):
        """The variance of the share is (M + N + 1) / 12 M N then."""
        rng = np.random.default_rng(0)
        found = [copying.share_closer(rng.random(30), rng.random(20)) for _ in range(300)]
        mean_square = np.mean([share.standard_error**2 for share, _ in found])
        assert mean_square == pytest.approx(51 / (12 * 30 * 20), rel=0.05)
        # The distance of Kolmogorov is above its 1e-4 quantile in 1e-4 of all seeds.
        assert stats.kstest([p_value for _, p_value in found], "uniform").pvalue > 1e-4

    @pytest.mark.parametrize("width", [2, 40])
    def test_nearest_rows(self, width):
        points, training = normals(0, 25, width), normals(1, 60, width)
        found = copying.nearest_rows(points, training)
        distance = cdist(points, training)
        np.testing.assert_array_equal(found.place, distance.argmin(axis=1))
        np.testing.assert_allclose(found.distance, distance.min(axis=1))

    def test_the_distance_of_nearly_equal_rows_is_not_lost(self):
        training = 1e3 * normals(1, 60, 40)
        points = training[[3, 1]] + np.array([[0.0], [1e-7]])
        found = copying.nearest_rows(points, training)
        assert found.place.tolist() == [3, 1]
        np.testing.assert_allclose(found.distance, [0.0, 1e-7 * math.sqrt(40)], rtol=1e-4)

    def test_the_closest_draws_are_shown_with_their_rows(self):
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


class TestFeatures:
    def test_columns_are_divided_by_their_standard_deviations(self):
        x = np.array([[0.0, 100.0, 5.0], [2.0, 500.0, 5.0]], "float32")
        encoded = row_encoding(likelihoods.Normal([3]), x)(x + np.array([0.0, 0.0, 1.0], "float32"))
        # The last column does not vary in x.
        np.testing.assert_allclose(encoded, [[-1.0, -1.0, 1.0], [1.0, 1.0, 1.0]], rtol=1e-6)

    def test_an_image_is_divided_by_one_number(self):
        x = normals(0, 50, 2, 2, 1).astype("float32") * np.array([[[0.01], [1.0]]], "float32")
        encoded = row_encoding(likelihoods.Normal([2, 2, 1]), x)(x)
        assert encoded.shape == (50, 4)
        flat = x.reshape(50, 4)
        np.testing.assert_allclose(encoded.std(axis=0), flat.std(axis=0) / _pooled(flat), rtol=1e-4)

    def test_binary_values_stay_and_class_codes_are_vectors(self):
        x = np.array([[0.0, 1.0], [1.0, 1.0]], "float32")
        np.testing.assert_array_equal(row_encoding(likelihoods.Bernoulli([2]), x)(x), x)
        encoded = row_encoding(likelihoods.Categorical([2], classes=3), x)(x)
        np.testing.assert_array_equal(encoded, [[1, 0, 0, 0, 1, 0], [0, 1, 0, 0, 1, 0]])

    def test_they_are_taken_batch_by_batch(self):
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
    def test_what_no_features_are_is_named(self, features, error, message):
        with pytest.raises(error, match=message):
            features_of(features, [normals(0, 4, 2), normals(0, 3, 2)], batch_size=10)


def _pooled(flat):
    return math.sqrt(flat.var(axis=0).mean())
