import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_breast_cancer, load_iris, load_wine
from sklearn.decomposition import PCA, FactorAnalysis
from sklearn.exceptions import ConvergenceWarning

from tfp_vae import factor_analysis

WINE = load_wine().data


def converged(latents, x):
    with warnings.catch_warnings():
        # It converges at a tolerance that it does not reach in double precision.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = FactorAnalysis(latents, tol=1e-9, max_iter=5000, svd_method="lapack")
        return model.fit(x)


def standardised(x):
    return (x - x.mean(axis=0)) / x.std(axis=0)


@pytest.mark.parametrize("load", [load_iris, load_wine])
@pytest.mark.parametrize("latents", [1, 2])
def test_it_is_as_likely_as_that_of_scikit_learn(load, latents):
    x = standardised(load().data)
    theirs = converged(latents, x)
    ours = factor_analysis.fit(x, latents)
    assert ours.log_prob(x).mean() == pytest.approx(theirs.score(x), abs=2e-3)


def test_one_noise_for_all_is_probabilistic_pca():
    x = load_iris().data
    ours = factor_analysis.fit(x, 2, groups=np.zeros(4, int))
    theirs = PCA(2).fit(x)
    # scikit-learn divides the covariance by N - 1.
    scale = (len(x) - 1) / len(x)
    np.testing.assert_allclose(ours.noise, theirs.noise_variance_ * scale, rtol=5e-3)
    covariance = ours.loadings @ ours.loadings.T + np.diag(ours.noise)
    np.testing.assert_allclose(covariance, theirs.get_covariance() * scale, rtol=1e-2, atol=1e-4)


def test_a_fixed_noise_is_kept_in_the_units_of_the_data():
    ours = factor_analysis.fit(WINE, 3, groups=np.full(13, -1), fixed=np.arange(1.0, 14.0))
    np.testing.assert_allclose(ours.noise, np.arange(1.0, 14.0) ** 2)


@given(st.integers(0, 99), st.integers(1, 3))
def test_log_prob_and_posterior_are_those_of_the_joint_normal(seed, latents):
    rng = np.random.default_rng(seed)
    mean, noise = rng.normal(size=4), rng.uniform(0.1, 2.0, 4)
    loadings = rng.normal(size=[4, latents])
    model = factor_analysis.FactorAnalysis(mean, loadings, noise).with_noise(noise)
    covariance = loadings @ loadings.T + np.diag(noise)
    x = rng.normal(size=[5, 4])
    deviation = x - mean
    inverse = np.linalg.inv(covariance)
    expected = -0.5 * (
        np.einsum("ni,ij,nj->n", deviation, inverse, deviation)
        + np.linalg.slogdet(2.0 * np.pi * covariance)[1]
    )
    np.testing.assert_allclose(model.log_prob(x), expected)
    np.testing.assert_allclose(
        deviation @ model.posterior_weights, deviation @ inverse @ model.loadings, atol=1e-9
    )
    posterior = np.eye(latents) - model.loadings.T @ inverse @ model.loadings
    np.testing.assert_allclose(posterior, np.diag(1.0 / model.precision), atol=1e-9)


def test_units_of_the_columns_change_the_density_by_their_product_alone():
    scale = 10.0 ** np.arange(-6, 7)
    one, other = factor_analysis.fit(WINE, 3), factor_analysis.fit(WINE * scale, 3)
    np.testing.assert_allclose(
        other.log_prob(WINE * scale) + np.log(scale).sum(), one.log_prob(WINE), rtol=1e-6
    )


def test_more_columns_than_dense_solvers_take_give_the_same():
    rng = np.random.default_rng(0)
    x = rng.normal(size=[400, 3]) @ rng.normal(size=[3, 150]) + rng.normal(size=[400, 150])
    theirs = converged(3, x)
    ours = factor_analysis.fit(x, 3)
    assert ours.log_prob(x).mean() == pytest.approx(theirs.score(x), abs=0.05)
    few = factor_analysis.fit(x[:100], 3)
    assert np.isfinite(few.log_prob(x)).all()


def test_missing_values_do_not_count():
    rng = np.random.default_rng(0)
    observed = rng.random(WINE.shape) < 0.8
    one = factor_analysis.fit(WINE, 3, observed)
    other = factor_analysis.fit(np.where(observed, WINE, 1e9), 3, observed)
    for name in ("mean", "loadings", "noise"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name))


@pytest.mark.parametrize(
    "x",
    [
        np.zeros([5, 3]),
        np.full([5, 3], 0.1),
        np.array([[0.0, 1.0], [0.0, 1.0], [1e6, 1.0]]),
        np.random.default_rng(0).normal(size=[3, 20]),
        np.repeat(np.random.default_rng(0).normal(size=[30, 1]), 3, axis=1),
        np.random.default_rng(0).normal(size=[30, 2]) * [1e-12, 1e12],
        np.zeros([2, 1]),
        load_breast_cancer().data[:40],
    ],
    ids=["zeros", "constant", "outlier", "wide", "equal", "scales", "one", "cancer"],
)
@pytest.mark.parametrize("latents", [1, 5])
def test_any_data_gives_a_finite_model(x, latents):
    model = factor_analysis.fit(x, latents)
    assert model.loadings.shape == (x.shape[1], latents)
    assert (model.noise > 0.0).all()
    assert np.isfinite(model.log_prob(x)).all()
    assert np.isfinite(model.posterior_weights).all()


def test_few_rows_get_few_latents():
    x = load_breast_cancer().data
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    few = factor_analysis.fit(x[:20], latent_size=16)
    assert np.sum(np.abs(few.loadings).sum(axis=0) > 0.0) == 5
    # With sixteen latents, which leave the 20 rows hardly any noise, it would be -8,200.
    assert few.log_prob(x[400:]).mean() > -120.0
