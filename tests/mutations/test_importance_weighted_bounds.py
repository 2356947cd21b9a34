"""With a known mistake in an importance-weighted bound, a property of the bounds must fail."""

import math

import pytest
import tensorflow as tf

from tests.support import importance_formulas, leapfrog
from tests.support.exact_checks import LINEAR_GAUSSIAN
from tests.support.mutations import Replaced, assert_killed
from tfp_vae import objectives
from tfp_vae.objectives import (
    gradient_estimators,
    hamiltonian_elbo,
    importance_weights,
    iwae,
    piwae,
    renyi,
)
from tfp_vae.testing import (
    objective_properties,
)

pytestmark = pytest.mark.usefixtures("float64")

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
}


def _squared_weights_for_all(log_weights, axis):
    """The gradient of `tfp.vi`'s DOUBLY_REPARAMETERIZED, for the decoder and the prior too."""
    squared = tf.stop_gradient(tf.nn.softmax(log_weights, axis=axis) ** 2)
    return gradient_estimators.value_with_gradient_of(
        tf.reduce_logsumexp(log_weights, axis=axis), tf.reduce_sum(squared * log_weights, axis=axis)
    )


power_mean = renyi._power_mean


ciwae_terms = objectives.CIWAE.terms


def _weights_exchanged(self, *arguments):
    other = objectives.CIWAE(1.0 - self.elbo_weight, self.importance_sample_size)
    return ciwae_terms(other, *arguments)


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
