"""The baselines' figures against exact ones, on data whose distribution is known."""

import numpy as np
import pytest
from scipy import stats

from benchmarks.defaults import columns, linear, mixtures
from benchmarks.defaults.real_data import Split, split
from benchmarks.defaults.scaling import Scaling, standardised
from benchmarks.defaults.scores import reconstruction_error

LOADINGS = np.array([[2.0, -1.0, 0.5, 0.0, 3.0], [0.0, 1.0, 1.0, -2.0, 0.5]])
NOISE = np.array([0.5, 0.3, 0.2, 0.4, 1.0])
LOC = np.array([10.0, -3.0, 0.0, 100.0, 5.0])


def normal_rows(count=4000):
    random = np.random.default_rng(0)
    z = random.normal(size=[count, 2])
    return LOC + z @ LOADINGS + np.sqrt(NOISE) * random.normal(size=[count, 5])


def reals(columns=5):
    return np.zeros(columns, bool)


def test_the_density_of_a_linear_gaussian_model_is_that_of_its_normal():
    x = normal_rows(20)
    exact = stats.multivariate_normal(LOC, LOADINGS.T @ LOADINGS + np.diag(NOISE))
    model = linear.LinearGaussian(LOC, LOADINGS, NOISE)
    np.testing.assert_allclose(model.log_p(x), exact.logpdf(x))


def test_its_reconstruction_is_the_posterior_mean_decoded():
    x = normal_rows(20)
    covariance = LOADINGS.T @ LOADINGS + np.diag(NOISE)
    z = (x - LOC) @ np.linalg.solve(covariance, LOADINGS.T)
    reconstructed = linear.LinearGaussian(LOC, LOADINGS, NOISE).reconstruct(x)
    np.testing.assert_allclose(reconstructed, LOC + z @ LOADINGS)


def test_factor_analysis_finds_the_density_of_its_own_data():
    """The excess log-loss of d parameters is d / 2N nats in mean: here 0.003, for 14 parameters."""
    data = split(normal_rows())
    score = linear.factor_analysis(data, 2, reals())
    exact = stats.multivariate_normal(LOC, LOADINGS.T @ LOADINGS + np.diag(NOISE))
    assert score.log_p.mean() == pytest.approx(exact.logpdf(data.x_test).mean(), abs=0.02)
    assert not score.discrete.any()


def test_probabilistic_pca_with_all_components_but_one_is_nearly_a_full_normal():
    data = split(normal_rows())
    score = linear.probabilistic_pca(data, 4, reals())
    fitted = stats.multivariate_normal(data.x_train.mean(axis=0), np.cov(data.x_train.T, bias=True))
    np.testing.assert_allclose(score.log_p, fitted.logpdf(data.x_test), rtol=1e-6)


def test_pca_reconstructs_rows_of_its_own_subspace_exactly():
    random = np.random.default_rng(0)
    x = LOC + random.normal(size=[200, 2]) @ LOADINGS
    data = split(x)
    np.testing.assert_allclose(linear.pca(data, 2, reals()).reconstructed, data.x_test)
    assert not np.allclose(linear.pca(data, 1, reals()).reconstructed, data.x_test)


def test_a_mixture_of_one_component_is_a_normal():
    data = split(normal_rows())
    rows = standardised(data, reals())
    from sklearn.mixture import GaussianMixture

    for kind in ("diag", "full"):
        fitted = GaussianMixture(1, covariance_type=kind).fit(rows.train)
        densities = mixtures.log_densities(fitted, rows.test, rows.rounding)
        np.testing.assert_allclose(densities[:, 0], fitted.score_samples(rows.test))


def test_a_mixture_finds_two_clusters():
    random = np.random.default_rng(0)
    centres = random.integers(0, 2, [600, 1]) * 20.0
    data = split(centres + random.normal(size=[600, 3]))
    for method in (mixtures.diagonal, mixtures.full):
        score = method(data, 2, reals(3))
        assert score.notes["components"] >= 2
        parts = [stats.norm.logpdf(data.x_test, loc).sum(axis=1) for loc in (0.0, 20.0)]
        exact = np.logaddexp(*parts) - np.log(2.0)
        assert score.log_p.mean() == pytest.approx(exact.mean(), abs=0.15)
        assert np.abs(score.reconstructed - data.x_test).max() < 6.0


def test_no_density_piles_up_on_whole_numbers_that_have_probabilities():
    """The probability of a value is at most 1, and the normal that stands for it at most 1.39."""
    random = np.random.default_rng(0)
    data = split(random.integers(0, 2, [400, 4]).astype(float))
    for method in (
        linear.factor_analysis,
        linear.probabilistic_pca,
        mixtures.diagonal,
        mixtures.full,
    ):
        bound = 4 * 0.5 * np.log(12.0 / (2.0 * np.pi)) + 1e-9
        assert method(data, 2, np.ones(4, bool)).log_p.max() <= bound


def test_frequencies_are_smoothed_by_one_and_sum_to_one():
    train = np.array([0.0, 0.0, 1.0, 3.0])
    probabilities = np.exp(columns.add_one(train, np.arange(0.0, 60.0)))
    np.testing.assert_allclose(probabilities[:4], np.array([3, 2, 1, 2]) / 9)
    assert probabilities.sum() == pytest.approx(1.0)
    both = np.exp(columns.add_one(np.array([-1.0, 0.0]), np.arange(-60.0, 60.0)))
    assert both.sum() == pytest.approx(1.0)


def test_a_rounded_normal_sums_to_one_far_into_its_tails():
    train = np.array([3.0, 5.0, 6.0, 8.0])
    whole = np.arange(-200.0, 200.0)
    log_p = columns.rounded_normal(train, whole)
    assert np.exp(log_p).sum() == pytest.approx(1.0)
    edges = stats.norm(train.mean(), train.std())
    expected = np.log(edges.cdf(whole[200:206] + 0.5) - edges.cdf(whole[200:206] - 0.5))
    np.testing.assert_allclose(log_p[200:206], expected)
    assert np.isfinite(log_p).all()


def test_independent_columns_are_the_sum_of_their_own():
    random = np.random.default_rng(0)
    x = np.stack([random.normal(7.0, 3.0, 500), random.integers(0, 3, 500)], axis=1)
    data = split(x)
    score = columns.score(data, 2, np.array([False, True]))
    normal = stats.norm(data.x_train[:, 0].mean(), data.x_train[:, 0].std())
    coded = [column[:, 1] for column in (data.x_train, data.x_test)]
    by_frequency = normal.logpdf(data.x_test[:, 0]) + columns.add_one(*coded)
    np.testing.assert_allclose(score.log_p, by_frequency)
    np.testing.assert_allclose(score.reconstructed[3], data.x_train.mean(axis=0))


def test_a_column_that_is_constant_in_training_has_a_finite_density():
    x = np.random.default_rng(0).normal(size=[200, 3])
    x[:, 1] = 0.0
    data = split(x)
    outlier = data.x_test.copy()
    outlier[0, 1] = 2.0
    data = Split(data.x_train, data.x_valid, outlier)
    for method in (columns.score, linear.factor_analysis, linear.probabilistic_pca):
        assert np.isfinite(method(data, 1, reals(3)).log_p).all()


def test_scaling_and_its_inverse():
    x = normal_rows(50)
    scaling = Scaling.of(x)
    np.testing.assert_allclose(scaling(x).std(axis=0), 1.0)
    np.testing.assert_allclose(scaling.inverse(scaling(x)), x)
    standard = stats.norm.logpdf(scaling(x)).sum(axis=1) - scaling.log_scale
    own = stats.norm(x.mean(axis=0), x.std(axis=0)).logpdf(x).sum(axis=1)
    np.testing.assert_allclose(standard, own)


def test_the_error_of_the_training_means_is_one_in_every_unit():
    x = normal_rows(100)
    means = np.broadcast_to(x.mean(axis=0), x.shape)
    assert reconstruction_error(x, x, means)[0] == pytest.approx(1.0)
    halfway = x + 0.5 * (means - x)
    assert reconstruction_error(x, x, halfway)[0] == pytest.approx(0.25)
    scale = np.array([1e-3, 1.0, 1e3, 1.0, 1.0])
    assert reconstruction_error(x * scale, x * scale, halfway * scale)[0] == pytest.approx(0.25)


def test_a_column_that_hardly_ever_varies_does_not_count():
    x = np.zeros([200, 2])
    x[:, 0] = np.arange(200)
    x[0, 1] = 1e-3
    held_out = x.copy()
    held_out[5, 1] = 100.0
    assert reconstruction_error(x, held_out, x)[0] == 0.0
