"""With a known mistake in an objective, a property of the objectives must fail."""

import math

import pytest
import tensorflow as tf

import objective_properties
from properties import LINEAR_GAUSSIAN
from tfp_vae import objectives
from tfp_vae.objectives import elbo, iwae, path_gradients

pytestmark = pytest.mark.usefixtures("float64")

DOUBLY = "doubly_reparameterized"

CHECKS = {
    "IWAE": lambda: objective_properties.check_importance_weighted_bound_and_gradient(
        objectives.IWAE(3), LINEAR_GAUSSIAN
    ),
    "IWAE unbiased": lambda: objective_properties.check_estimator_is_unbiased(
        objectives.IWAE(4, DOUBLY), objectives.IWAE(4), LINEAR_GAUSSIAN
    ),
    "IWAE is log p(x)": lambda: (
        objective_properties.check_exact_posterior_gives_log_marginal_likelihood(
            objectives.IWAE(3, DOUBLY), LINEAR_GAUSSIAN
        )
    ),
    "IWAE without gradient": lambda: objective_properties.check_exact_posterior_has_no_gradient(
        objectives.IWAE(3, DOUBLY), LINEAR_GAUSSIAN
    ),
    "IWAE ordered": lambda: objective_properties.check_bounds_are_ordered(
        objectives.IWAE, LINEAR_GAUSSIAN
    ),
    "sticking": lambda: objective_properties.check_sticking_the_landing_gradient(
        _sticking(kl_weight=0.7, free_bits=0.3), LINEAR_GAUSSIAN
    ),
    "sticking unbiased": lambda: objective_properties.check_estimator_is_unbiased(
        _sticking(), objectives.ELBO(), LINEAR_GAUSSIAN
    ),
    "sticking without gradient": lambda: objective_properties.check_exact_posterior_has_no_gradient(
        _sticking(), LINEAR_GAUSSIAN
    ),
}


def _sticking(**options):
    return objectives.ELBO(gradient_estimator="sticking_the_landing", **options)


class _Changed:
    """A module with some of its functions replaced."""

    def __init__(self, module, **replaced):
        self._module, self._replaced = module, replaced

    def __getattr__(self, name):
        return self._replaced.get(name) or getattr(self._module, name)


def _squared_weights_for_all(log_weights, axis):
    """The gradient of `tfp.vi`'s DOUBLY_REPARAMETERIZED, for the decoder and the prior too."""
    squared = tf.stop_gradient(tf.nn.softmax(log_weights, axis=axis) ** 2)
    return path_gradients.value_with_gradient_of(
        tf.reduce_logsumexp(log_weights, axis=axis), tf.reduce_sum(squared * log_weights, axis=axis)
    )


def _passed_on(self, tensor):
    return tensor


def _log_prob(posterior, z):
    return posterior.log_prob(z)


# Every mutation, and the checks that must fail with it.
MUTATIONS = {
    "log K dropped": (
        [(iwae, "math", _Changed(math, log=lambda size: 1e-300))],
        ["IWAE", "IWAE is log p(x)", "IWAE ordered"],
    ),
    "the mean of the log weights": (
        [(iwae, "tf", _Changed(tf, reduce_logsumexp=tf.reduce_mean))],
        ["IWAE", "IWAE ordered"],
    ),
    "squared weights for decoder and prior": (
        [
            (iwae, "tf", _Changed(tf, reduce_logsumexp=_squared_weights_for_all)),
            (path_gradients.GradientScale, "__call__", _passed_on),
        ],
        ["IWAE unbiased"],
    ),
    "weights for the encoder not squared": (
        [(path_gradients.GradientScale, "__call__", _passed_on)],
        ["IWAE unbiased"],
    ),
    "the score left in": (
        [(iwae, "path_log_prob", _log_prob)],
        ["IWAE unbiased", "IWAE without gradient"],
    ),
    # It is unbiased, and so only its noise tells.
    "the score left in the KL": (
        [(path_gradients, "path_log_prob", _log_prob)],
        ["sticking", "sticking without gradient"],
    ),
    "the KL's gradient without log q": (
        [
            (
                path_gradients,
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
def test_a_mistake_in_an_objective_fails_each_of_its_properties(name, monkeypatch):
    changes, checks = MUTATIONS[name]
    for owner, attribute, replacement in changes:
        monkeypatch.setattr(owner, attribute, replacement)
    for check in checks:
        with pytest.raises(AssertionError):
            CHECKS[check]()
