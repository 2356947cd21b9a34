"""With a known mistake in the code, the checks of holes, conditions and layers must fail."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from tests.model import test_hierarchical
from tests.model.inputs import test_condition
from tests.support import exact_checks
from tfp_vae import distributions, likelihoods
from tfp_vae.model import imputation
from tfp_vae.model.batch_distributions import BatchDistributions
from tfp_vae.model.inputs import condition
from tfp_vae.testing import LinearGaussian

MODEL = dataclasses.replace(LinearGaussian.drawn(5, 4, 2), offset=np.zeros(4))


@pytest.fixture(autouse=True)
def eagerly(monkeypatch, float64):
    monkeypatch.setattr(imputation, "_ROWS_AT_ONCE", 400)
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


def check_imputation():
    row = MODEL.draws(1)[0]
    row[[0, 3]] = np.nan
    exact_checks.check_imputation(MODEL, row, *MODEL.missing_moments(row))


CHECKS = {
    "column": lambda: exact_checks.check_a_column_without_values_is_no_column(MODEL),
    "imputation": check_imputation,
    "condition": test_condition.test_a_linear_model_shifts_by_its_condition,
    "layers": test_hierarchical.test_the_joint_distributions_are_those_of_the_layers,
    "chain": (
        test_hierarchical.test_every_draw_at_the_exact_posterior_gives_log_marginal_likelihood
    ),
}

log_weights, moments, joined = BatchDistributions.log_weights, imputation._moments, condition.joined
largest_of, sample_n = imputation._largest_of, distributions.LatentChain._sample_n

MUTATIONS = {
    "missing values scored": (
        "column",
        likelihoods.Likelihood,
        "of_observed",
        lambda self, distribution, observed: distribution,
    ),
    "imputation without weights": (
        "imputation",
        BatchDistributions,
        "log_weights",
        lambda self, z: 0.0 * log_weights(self, z),
    ),
    "the posterior left out of the weights": (
        "imputation",
        BatchDistributions,
        "log_weights",
        lambda self, z: log_weights(self, z) + self.posterior.log_prob(z),
    ),
    "the likelihood's own variance left out": (
        "imputation",
        imputation,
        "_moments",
        lambda likelihood, seed: (moments(likelihood, seed)[0], tf.zeros([], tf.float64)),
    ),
    "the likeliest latent instead of a draw": (
        "imputation",
        imputation,
        "_largest_of",
        lambda log_weights, *rest: largest_of(1e6 * log_weights, *rest),
    ),
    "the condition hidden": (
        "condition",
        condition,
        "joined",
        lambda inputs, features, event_rank: joined(inputs, 0.0 * features, event_rank),
    ),
    "the layers in the wrong order": (
        "layers",
        distributions.LatentChain,
        "_sample_n",
        lambda self, n, seed=None: sample_n(self, n, seed)[..., ::-1],
    ),
    "a layer left out of the density": (
        "chain",
        distributions.LatentChain,
        "_log_prob",
        lambda self, value: self.first.log_prob(self.layers(value)[0]),
    ),
}


@pytest.mark.parametrize("name", ["column", "imputation"])
def test_every_check_passes_on_the_code_as_it_is(name):
    CHECKS[name]()


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mistake_in_the_code_fails_its_check(name, monkeypatch):
    check, owner, attribute, replacement = MUTATIONS[name]
    monkeypatch.setattr(owner, attribute, replacement)
    with pytest.raises(AssertionError):
        CHECKS[check]()
