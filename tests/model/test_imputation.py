"""Imputation against linear-Gaussian models, whose missing values have a known distribution."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tests.support import missing_value_checks
from tests.support.mutations import assert_killed
from tfp_vae.model import imputation
from tfp_vae.model.batch_distributions import BatchDistributions
from tfp_vae.testing import LinearGaussian, assert_close, assert_mean, repeated, with_holes

pytestmark = pytest.mark.usefixtures("float64")


@pytest.fixture
def eagerly(monkeypatch):
    """Runs eagerly, all rows at once, what takes longer to compile than to run."""
    monkeypatch.setattr(imputation, "_ROWS_AT_ONCE", 400)
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


def centred_model(seed=5):
    """A model whose mean is what the encoder sees in the place of a missing value."""
    return dataclasses.replace(LinearGaussian.drawn(seed, 4, 2), offset=np.zeros(4))


@pytest.mark.parametrize("gone", [[0], [1, 3], [0, 2, 3]])
def test_imputation_is_that_of_the_exact_conditional(gone, eagerly):
    model = centred_model()
    row = model.draws(1)[0]
    row[gone] = np.nan
    moments = model.missing_moments(row)
    missing_value_checks.check_imputation(model, row, *moments)


def test_a_row_without_values_is_imputed_from_the_prior(eagerly):
    model = centred_model()
    row, covariance = np.full(4, np.nan), model.covariance
    missing_value_checks.check_imputation(model, row, model.offset, covariance, scale_factor=4.0)


def test_compiled_imputation_has_the_moments_of_the_eager_one():
    model = LinearGaussian.drawn(5, 4, 2)
    x = with_holes(model.draws(23))
    vae = model.vae(0.3, 1.5, missing_values=np.nan)
    first, again, other = (
        vae.impute(x, sample_size=1, importance_sample_size=250, seed=seed) for seed in (3, 3, 4)
    )
    for one, another in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, another)
    gone = np.isnan(x)
    assert (first.draws[0][gone] != other.draws[0][gone]).all()
    tf.config.run_functions_eagerly(True)
    try:
        eager = vae.impute(x, sample_size=1, importance_sample_size=250, seed=3)
    finally:
        tf.config.run_functions_eagerly(False)
    for name in ("mean", "stddev", "effective_sample_size"):
        assert_close(getattr(first, name), getattr(eager, name), 1e-6, 1e-6)


def test_observed_values_keep_all_their_digits(eagerly):
    model = LinearGaussian.drawn(5, 4, 2)
    x = with_holes(model.draws(3)).astype("float32")
    imputed = model.vae(missing_values=np.nan).impute(x, 2, 10, seed=0)
    seen = ~np.isnan(x)
    np.testing.assert_array_equal(imputed.mean[seen], x[seen])
    np.testing.assert_array_equal(imputed.stddev[seen], 0.0)
    assert (imputed.stddev[~seen] > 0.0).all()
    assert imputed.draws.shape == (2, 3, 4)


def test_a_likelihood_without_a_formula_for_its_moments_is_drawn_from(eagerly):
    model = centred_model()
    row = model.draws(1)[0]
    row[0] = np.nan
    vae = model.vae(0.0, 1.3, missing_values=np.nan)

    class Unknown(tfd.Independent):
        def _variance(self, **kwargs):
            raise NotImplementedError

    vae.decoder.likelihood.independent = lambda normal: Unknown(normal, 1)
    imputed = vae.impute(repeated(row, 300), 1, 400, seed=2)
    mean, covariance = model.missing_moments(row)
    assert_mean(imputed.mean[:, 0], mean[0])
    # Of a weighted sample of 100 and more, the variance is too small by a hundredth at most.
    assert 0.97 < np.mean(imputed.stddev[:, 0] ** 2) / covariance[0, 0] < 1.03


def check_imputation():
    model = centred_model()
    row = model.draws(1)[0]
    row[[0, 3]] = np.nan
    missing_value_checks.check_imputation(model, row, *model.missing_moments(row))


log_weights, moments = BatchDistributions.log_weights, imputation.moments
largest_of = imputation._largest_of

MUTATIONS = {
    "imputation without weights": (
        BatchDistributions,
        "log_weights",
        lambda self, z: 0.0 * log_weights(self, z),
    ),
    "the posterior left out of the weights": (
        BatchDistributions,
        "log_weights",
        lambda self, z: log_weights(self, z) + self.posterior.log_prob(z),
    ),
    "the likelihood's own variance left out": (
        imputation,
        "moments",
        lambda likelihood, seed: (moments(likelihood, seed)[0], tf.zeros([], tf.float64)),
    ),
    "the likeliest latent instead of a draw": (
        imputation,
        "_largest_of",
        lambda log_weights, *rest: largest_of(1e6 * log_weights, *rest),
    ),
}


def test_every_check_passes_on_the_code_as_it_is(eagerly):
    check_imputation()


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mistake_in_the_code_fails_its_check(name, eagerly):
    assert_killed([MUTATIONS[name]], {"imputation": check_imputation})
