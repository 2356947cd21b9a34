"""With a known mistake in an objective, a property of the objectives must fail."""

import math

import numpy as np
import pytest
import tensorflow as tf

from tests.support import importance_formulas, leapfrog, objective_formulas
from tests.support.exact_checks import LINEAR_GAUSSIAN
from tests.support.mutations import Replaced, assert_killed
from tfp_vae import objectives
from tfp_vae.divergences import kl_decomposition, mmd
from tfp_vae.objectives import (
    elbo,
    gradient_estimators,
    hamiltonian_elbo,
    importance_weights,
    iwae,
    piwae,
    renyi,
)
from tfp_vae.testing import (
    AggregatePosterior,
    diagonal_normal,
    objective_properties,
    without_exact_kl,
)

pytestmark = pytest.mark.usefixtures("float64")

AGGREGATE = AggregatePosterior.drawn()
DOUBLY = "doubly_reparameterized"

CHECKS = {
    "IWAE": lambda: importance_formulas.check_importance_weighted_bound_and_gradient(
        objectives.IWAE(3), LINEAR_GAUSSIAN
    ),
    "IWAE unbiased": lambda: objective_properties.estimator_is_unbiased(
        objectives.IWAE(4, DOUBLY), objectives.IWAE(4), LINEAR_GAUSSIAN
    ),
    "IWAE resampled": lambda: importance_formulas.check_resampled_gradient(
        objectives.IWAE(4, "resampled"), LINEAR_GAUSSIAN
    ),
    "IWAE resampled unbiased": lambda: objective_properties.estimator_is_unbiased(
        objectives.IWAE(4, "resampled"), objectives.IWAE(4), LINEAR_GAUSSIAN
    ),
    "IWAE is log p(x)": lambda: objective_properties.exact_posterior_gives_log_marginal_likelihood(
        objectives.IWAE(3, DOUBLY), LINEAR_GAUSSIAN
    ),
    "IWAE without gradient": lambda: objective_properties.exact_posterior_has_no_gradient(
        objectives.IWAE(3, DOUBLY), LINEAR_GAUSSIAN
    ),
    "IWAE ordered": lambda: objective_properties.bounds_are_ordered(
        objectives.IWAE, LINEAR_GAUSSIAN
    ),
    "CIWAE": lambda: importance_formulas.check_combined_bound_and_gradient(
        objectives.CIWAE(0.3, 4), LINEAR_GAUSSIAN
    ),
    "PIWAE": lambda: importance_formulas.check_partially_importance_weighted_gradient(
        objectives.PIWAE(6, 2), LINEAR_GAUSSIAN
    ),
    "Renyi": lambda: importance_formulas.check_renyi_bound_and_gradient(
        objectives.Renyi(0.3, 4), LINEAR_GAUSSIAN
    ),
    "Hamiltonian": lambda: leapfrog.check_bound_of_the_same_draws(
        objectives.HamiltonianELBO(2, 0.3, 0.6), LINEAR_GAUSSIAN
    ),
    "largest weight": lambda: importance_formulas.check_extreme_weight_and_its_gradient(
        objectives.Renyi(-math.inf, 4), LINEAR_GAUSSIAN
    ),
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


def _squared_weights_for_all(log_weights, axis):
    """The gradient of `tfp.vi`'s DOUBLY_REPARAMETERIZED, for the decoder and the prior too."""
    squared = tf.stop_gradient(tf.nn.softmax(log_weights, axis=axis) ** 2)
    return gradient_estimators.value_with_gradient_of(
        tf.reduce_logsumexp(log_weights, axis=axis), tf.reduce_sum(squared * log_weights, axis=axis)
    )


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


power_mean = renyi._power_mean
capacity_terms = objectives.CapacityELBO.terms
ciwae_terms = objectives.CIWAE.terms


def _weights_exchanged(self, *arguments):
    other = objectives.CIWAE(1.0 - self.elbo_weight, self.importance_sample_size)
    return ciwae_terms(other, *arguments)


def _covariance_of_means(self, posterior):
    means = posterior.mean()
    return tf.constant(np.cov(means.numpy(), rowvar=False, bias=True))


def _capacity_of_rows(self, *arguments):
    terms = capacity_terms(self, *arguments)
    distance = tf.abs(terms.kl_divergence - self.capacity)
    return terms._replace(objective=terms.log_likelihood - self.weight * distance)


def _passed_on(self, tensor):
    return tensor


def _log_prob(posterior, z):
    return posterior.log_prob(z)


# Every mutation, and the checks that must fail with it.
MUTATIONS = {
    "momenta that are not cooled": (
        [
            (
                objectives.HamiltonianELBO,
                "_momentum_scales",
                lambda self: [self.inverse_temperature**-0.5] * (self.leapfrog_steps + 1),
            )
        ],
        ["Hamiltonian"],
    ),
    "forces cut off too early": (
        [(hamiltonian_elbo, "_LARGEST_KICK", 0.01)],
        ["Hamiltonian"],
    ),
    "the kinetic energy left out": (
        [
            (
                hamiltonian_elbo,
                "tf",
                Replaced(tf, reduce_sum=lambda x, axis: tf.zeros(x.shape[:axis], x.dtype)),
            )
        ],
        ["Hamiltonian"],
    ),
    "log K dropped": (
        [(importance_weights, "math", Replaced(math, log=lambda size: 1e-300))],
        ["IWAE", "IWAE is log p(x)", "IWAE ordered", "PIWAE"],
    ),
    "the mean of the log weights": (
        [(importance_weights, "tf", Replaced(tf, reduce_logsumexp=tf.reduce_mean))],
        ["IWAE", "IWAE ordered", "PIWAE"],
    ),
    "squared weights for decoder and prior": (
        [
            (importance_weights, "tf", Replaced(tf, reduce_logsumexp=_squared_weights_for_all)),
            (gradient_estimators.GradientScale, "__call__", _passed_on),
        ],
        ["IWAE unbiased"],
    ),
    "weights for the encoder not squared": (
        [(gradient_estimators.GradientScale, "__call__", _passed_on)],
        ["IWAE unbiased"],
    ),
    "the score left in": (
        [(iwae, "path_log_prob", _log_prob)],
        ["IWAE unbiased", "IWAE without gradient"],
    ),
    "a draw chosen whatever its weight": (
        [(iwae, "_chosen_by_weight", lambda z, log_weights, seed: z[:1])],
        ["IWAE resampled unbiased"],
    ),
    "the mean of the draws chosen": (
        [
            (
                iwae,
                "_chosen_by_weight",
                lambda z, log_weights, seed: tf.reduce_mean(z, axis=0, keepdims=True),
            )
        ],
        ["IWAE resampled", "IWAE resampled unbiased"],
    ),
    "the bound of the chosen draw alone": (
        [(iwae, "value_with_gradient_of", lambda value, estimate: estimate)],
        ["IWAE resampled"],
    ),
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
    "the weights of both bounds exchanged": (
        [(objectives.CIWAE, "terms", _weights_exchanged)],
        ["CIWAE"],
    ),
    "the gradient of one bound for both networks": (
        [(piwae.GradientScale, "__call__", _passed_on)],
        ["PIWAE", "IWAE unbiased"],
    ),
    "the weights' powers by alpha itself": (
        [(renyi, "_power_mean", lambda weights, power: power_mean(weights, 1.0 - power))],
        ["Renyi"],
    ),
    "the smallest weight for the largest": (
        [(renyi, "tf", Replaced(tf, reduce_max=tf.reduce_min))],
        ["largest weight"],
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
    "the draws cut off from the encoder": (
        [
            (
                iwae,
                "path_log_prob",
                lambda posterior, z: posterior.log_prob(tf.stop_gradient(z)),
            )
        ],
        ["IWAE unbiased"],
    ),
}


@pytest.mark.parametrize("name", CHECKS)
def test_every_check_passes_on_the_code_as_it_is(name):
    CHECKS[name]()


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mistake_in_an_objective_fails_each_of_its_properties(name):
    changes, checks = MUTATIONS[name]
    assert_killed(changes, {check: CHECKS[check] for check in checks})
