"""Annealed importance sampling on models whose log p(x) is known."""

import types

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tests.support import annealing_checks as checks
from tests.support.annealing_checks import MODEL, ROWS
from tests.support.mutations import assert_killed
from tfp_vae import evaluation
from tfp_vae.evaluation import annealed_importance_sampling

pytestmark = pytest.mark.usefixtures("float64")

CHECKS = [
    checks.check_temperatures_rise_from_0_to_1,
    checks.check_trajectories_leave_a_normal_as_it_is,
    checks.check_weights_have_the_marginal_likelihood_as_their_mean,
]


@pytest.mark.parametrize(
    "check", [*CHECKS, checks.check_estimates_are_exact_within_their_standard_error]
)
def test_annealing_of_a_linear_gaussian_model(check):
    check()


transition = annealed_importance_sampling.hamiltonian_transition
tempered = annealed_importance_sampling._tempered


MUTATIONS = {
    "every trajectory accepted": (
        checks.check_trajectories_leave_a_normal_as_it_is,
        "hamiltonian_transition",
        lambda log_density_fn, z, step_size, momentum, threshold: transition(
            log_density_fn, z, step_size, momentum, 0.0 * threshold
        ),
    ),
    "the gradient's sign flipped": (
        checks.check_trajectories_leave_a_normal_as_it_is,
        "tfp_math",
        types.SimpleNamespace(value_and_gradient=lambda log_density_fn, z: (log_density_fn(z), -z)),
    ),
    "the temperature applied to the prior as well": (
        checks.check_weights_have_the_marginal_likelihood_as_their_mean,
        "_tempered",
        lambda batch, z, b: b * tempered(batch, z, 1.0),
    ),
    "the density left at the end of the path": (
        checks.check_weights_have_the_marginal_likelihood_as_their_mean,
        "_tempered",
        lambda batch, z, b: tempered(batch, z, 1.0),
    ),
    "the log-likelihood a mean over the event": (
        checks.check_weights_have_the_marginal_likelihood_as_their_mean,
        "_log_likelihood",
        lambda batch, z: batch.likelihood_fn(z).log_prob(batch.x) / 4.0,
    ),
    "a path that does not reach 1": (
        checks.check_temperatures_rise_from_0_to_1,
        "temperatures",
        lambda count: np.linspace(0.0, 0.9, count + 1),
    ),
}


@pytest.mark.nightly
@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mistake_in_the_code_fails_a_check(name):
    check, *change = MUTATIONS[name]
    assert_killed([(annealed_importance_sampling, *change)], {check.__name__: check})


def test_the_same_seed_gives_the_same_estimate():
    vae = MODEL.vae()
    first, second, other = (
        evaluation.log_marginal_likelihood(
            vae, ROWS[:3], 5, seed=seed, method="ais", annealing_steps=5
        ).estimate
        for seed in (5, 5, 6)
    )
    np.testing.assert_array_equal(first, second)
    assert (first != other).all()


def test_a_prior_on_a_part_of_the_reals_is_refused(monkeypatch):
    vae = MODEL.vae()
    positive = tfd.Independent(tfd.Gamma(tf.ones(2, tf.float64), tf.ones(2, tf.float64)), 1)
    monkeypatch.setattr(vae, "prior", lambda condition=None: positive)
    with pytest.raises(ValueError, match="part of the real numbers"):
        evaluation.log_marginal_likelihood(vae, ROWS, method="ais")


def test_wrong_arguments_are_named():
    vae = MODEL.vae()
    with pytest.raises(ValueError, match="Did you mean 'ais'"):
        evaluation.log_marginal_likelihood(vae, ROWS, method="AIS")
    with pytest.raises(ValueError, match="annealing_steps"):
        evaluation.log_marginal_likelihood(vae, ROWS, method="ais", annealing_steps=0)
