"""With a known mistake in the KL of an objective, a property of the objectives must fail."""

import numpy as np
import pytest
import tensorflow as tf

from tests.support import objective_formulas
from tests.support.exact_checks import LINEAR_GAUSSIAN
from tests.support.mutations import Replaced, assert_killed
from tfp_vae import objectives
from tfp_vae.divergences import kl_decomposition, mmd
from tfp_vae.objectives import (
    elbo,
    gradient_estimators,
)
from tfp_vae.testing import (
    AggregatePosterior,
    diagonal_normal,
    objective_properties,
    without_exact_kl,
)

pytestmark = pytest.mark.usefixtures("float64")

AGGREGATE = AggregatePosterior.drawn()

CHECKS = {
    "DIP-VAE": lambda: objective_formulas.check_dip_vae(
        objectives.DIPVAE(5.0, 2.0, "aggregate_posterior"), LINEAR_GAUSSIAN
    ),
    "capacity": lambda: objective_formulas.check_capacity(
        objectives.CapacityELBO(1.0, 3.0), 1.0, LINEAR_GAUSSIAN
    ),
    "sticking": lambda: objective_formulas.check_sticking_the_landing_gradient(
        _sticking(kl_weight=0.7, free_bits=0.3), LINEAR_GAUSSIAN
    ),
    "sticking unbiased": lambda: objective_properties.estimator_is_unbiased(
        _sticking(), objectives.ELBO(), LINEAR_GAUSSIAN
    ),
    "sticking without gradient": lambda: objective_properties.exact_posterior_has_no_gradient(
        _sticking(), LINEAR_GAUSSIAN
    ),
    "parts of a batch": lambda: objective_formulas.check_decomposition_of_a_batch(
        AGGREGATE, "minibatch_weighted", [3, 1, 4]
    ),
    "parts of a batch, stratified": lambda: objective_formulas.check_decomposition_of_a_batch(
        AGGREGATE, "minibatch_stratified", [3, 1, 4]
    ),
    "parts of the data": lambda: objective_formulas.check_decomposition_of_the_data(AGGREGATE),
    "beta-TCVAE": lambda: objective_formulas.check_beta_tcvae(
        objectives.BetaTCVAE(10, 3.0, 0.5, 2.0), LINEAR_GAUSSIAN
    ),
    "discrepancy": objective_formulas.check_discrepancy,
    "discrepancy, inverse multiquadric": lambda: objective_formulas.check_discrepancy(
        kernel="inverse_multiquadric"
    ),
    "discrepancy's gradient": lambda: objective_formulas.check_gradient_of_discrepancy(
        lambda *moments: without_exact_kl(diagonal_normal(*moments))
    ),
    "InfoVAE": lambda: objective_formulas.check_info_vae(
        objectives.InfoVAE(20.0, 0.5), LINEAR_GAUSSIAN
    ),
}


def _sticking(**options):
    return objectives.ELBO(gradient_estimator="sticking_the_landing", **options)


beta_tcvae_terms = objectives.BetaTCVAE.terms


def _total_correlation_added(self, *arguments):
    terms = beta_tcvae_terms(self, *arguments)
    posterior, prior, seed = arguments[1], arguments[2], arguments[4]
    part = self.decomposition(posterior, prior, seed).total_correlation
    return terms._replace(
        objective=terms.objective + 2.0 * (self.total_correlation_weight - 1.0) * part
    )


def _equal_weights_of_one(batch_size, data_size, aggregate_estimator, dtype):
    return tf.zeros([batch_size, batch_size], dtype)


def _weights_of_the_batch_alone(batch_size, data_size, aggregate_estimator, dtype):
    return tf.fill([batch_size, batch_size], -tf.math.log(tf.cast(batch_size, dtype)))


info_vae_terms = objectives.InfoVAE.terms


distance = mmd._distance


weighted_draws = mmd._weighted_draws


def _discrepancy_added(self, *arguments):
    terms = info_vae_terms(self, *arguments)
    bound = terms.log_likelihood - self.kl_weight * terms.kl_divergence
    return terms._replace(objective=2.0 * bound - terms.objective)


capacity_terms = objectives.CapacityELBO.terms


def _covariance_of_means(self, posterior):
    means = posterior.mean()
    return tf.constant(np.cov(means.numpy(), rowvar=False, bias=True))


def _capacity_of_rows(self, *arguments):
    terms = capacity_terms(self, *arguments)
    distance = tf.abs(terms.kl_divergence - self.capacity)
    return terms._replace(objective=terms.log_likelihood - self.weight * distance)


def _log_prob(posterior, z):
    return posterior.log_prob(z)


# Every mutation, and the checks that must fail with it.
MUTATIONS = {
    # It is unbiased, and so only its noise tells.
    "the score left in the KL": (
        [(gradient_estimators, "path_log_prob", _log_prob)],
        ["sticking", "sticking without gradient"],
    ),
    "the KL's gradient without log q": (
        [
            (
                gradient_estimators,
                "path_log_prob",
                lambda posterior, z: tf.stop_gradient(posterior.log_prob(z)),
            )
        ],
        ["sticking", "sticking unbiased", "sticking without gradient"],
    ),
    "the KL's gradient not weighted": (
        [
            (
                elbo,
                "value_with_gradient_of",
                lambda value, estimate: tf.stop_gradient(value - estimate / 0.7) + estimate / 0.7,
            )
        ],
        ["sticking"],
    ),
    "the total correlation's sign flipped": (
        [(objectives.BetaTCVAE, "terms", _total_correlation_added)],
        ["beta-TCVAE"],
    ),
    "the weights of the batch dropped": (
        [(kl_decomposition, "_log_weights", _equal_weights_of_one)],
        ["parts of a batch", "parts of a batch, stratified", "parts of the data", "beta-TCVAE"],
    ),
    "the size of the data ignored": (
        [(kl_decomposition, "_log_weights", _weights_of_the_batch_alone)],
        ["parts of a batch", "parts of a batch, stratified", "beta-TCVAE"],
    ),
    "draws and posteriors exchanged": (
        [
            (
                kl_decomposition,
                "tf",
                Replaced(
                    tf,
                    reduce_logsumexp=lambda values, axis: tf.reduce_logsumexp(
                        values, axis=axis - 1
                    ),
                ),
            )
        ],
        ["parts of a batch", "parts of a batch, stratified", "parts of the data", "beta-TCVAE"],
    ),
    "the discrepancy's sign flipped": (
        [(objectives.InfoVAE, "terms", _discrepancy_added)],
        ["InfoVAE"],
    ),
    "pairs of a draw with itself": (
        [(mmd, "_without_own", lambda kernel: kernel)],
        ["discrepancy", "discrepancy, inverse multiquadric"],
    ),
    "the bandwidth read as its square": (
        [(mmd, "_distance", lambda a, b, bandwidth: distance(a, b, bandwidth**0.5))],
        ["discrepancy", "discrepancy, inverse multiquadric"],
    ),
    "the posteriors' covariances left out": (
        [(objectives.DIPVAE, "_covariance", _covariance_of_means)],
        ["DIP-VAE"],
    ),
    "the capacity compared row by row": (
        [(objectives.CapacityELBO, "terms", _capacity_of_rows)],
        ["capacity"],
    ),
    "the prior's draws without a gradient": (
        [
            (
                mmd,
                "_weighted_draws",
                lambda *arguments: tuple(map(tf.stop_gradient, weighted_draws(*arguments))),
            )
        ],
        ["discrepancy's gradient"],
    ),
}


@pytest.mark.parametrize("name", CHECKS)
def test_every_check_passes_on_the_code_as_it_is(name):
    CHECKS[name]()


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mistake_in_an_objective_fails_each_of_its_properties(name):
    changes, checks = MUTATIONS[name]
    assert_killed(changes, {check: CHECKS[check] for check in checks})
