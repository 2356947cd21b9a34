"""Location and scale of largest likelihood, against SciPy's fits."""

import numpy as np
import pytest
from scipy import stats

from tfp_vae.likelihoods import location_scale_marginals as marginals

RNG = np.random.default_rng(0)
SCALES = np.array([1e-12, 1.0, 1e12])


def test_laplace_is_the_fit_of_scipy():
    x = RNG.laplace(2.0, size=[301, 3]) * SCALES
    loc, scale = marginals.laplace(x, None)
    expected = np.array([stats.laplace.fit(column) for column in x.T]).T
    np.testing.assert_allclose([loc, scale], expected)


@pytest.mark.parametrize("df", [None, 4.0])
def test_student_t_has_the_likelihood_of_the_fit_of_scipy(df):
    x = RNG.standard_t(4.0, size=[500, 3]) + 1.0
    (loc, scale), freedom = marginals.student_t(x * SCALES, None, df)
    found = stats.t(freedom, loc / SCALES, scale / SCALES).logpdf(x).mean(axis=0)
    fixed = {} if df is None else {"f0": df}
    best = [stats.t(*stats.t.fit(column, **fixed)).logpdf(column).mean() for column in x.T]
    np.testing.assert_allclose(found, best, atol=1e-4)


def test_degrees_of_freedom_stay_where_training_can_change_them():
    x = np.stack([RNG.normal(size=2000), RNG.standard_cauchy(size=2000)], axis=1)
    _, freedom = marginals.student_t(x, None, None)
    np.testing.assert_allclose(freedom, [10.0, 2.5], rtol=1e-3)


def test_an_outlier_moves_a_student_t_little():
    x = RNG.normal(size=[200, 1])
    (loc, scale), _ = marginals.student_t(np.concatenate([x, [[1e8]]]), None, None)
    assert abs(loc[0] - np.mean(x)) < 0.2
    assert 0.5 < scale[0] < 1.5


def test_a_discretized_logistic_has_the_largest_likelihood_nearby():
    """The likelihood is concave, so that no point around being better means that none is."""
    levels = 17
    x = np.clip(np.round(RNG.logistic([-3.0, 4.0, 20.0], [3.0, 0.5, 4.0], [2000, 3])), 0, 16)
    counts = np.stack([(x == level).sum(axis=0) for level in range(levels)], axis=-1) + 0.0
    loc, scale = marginals.discretized_logistic(counts)

    def log_likelihood(loc, scale):
        ends = np.concatenate([[-np.inf], np.arange(levels - 1) + 0.5, [np.inf]])
        mass = np.diff(stats.logistic(loc[:, None], scale[:, None]).cdf(ends), axis=1)
        return np.sum((counts + 0.01 / levels) * np.log(mass), axis=1)

    best = log_likelihood(loc, scale)
    for shift, factor in ((0.02, 1.0), (-0.02, 1.0), (0.0, 1.02), (0.0, 0.98)):
        assert (log_likelihood(loc + shift * scale, factor * scale) < best).all()


@pytest.mark.parametrize("levels", [2, 3, 256, 2000])
def test_a_column_of_one_level_gets_nearly_all_probability(levels):
    counts = np.zeros([3, levels])
    counts[[0, 1, 2], [0, levels // 2, levels - 1]] = 1000.0
    loc, scale = marginals.discretized_logistic(counts)
    place = np.array([0, levels // 2, levels - 1])
    law = stats.logistic(loc, scale)
    upper = np.where(place == levels - 1, np.inf, place + 0.5)
    lower = np.where(place == 0, -np.inf, place - 0.5)
    assert (law.cdf(upper) - law.cdf(lower) > 0.9).all()
