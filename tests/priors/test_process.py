"""Priors over time: where they begin, and what follows given states."""

import numpy as np
import pytest
import tensorflow as tf

from tfp_vae import priors
from tfp_vae.testing import assert_mean

KINDS = [
    lambda: priors.LinearMarkovChain(4),
    lambda: priors.DeepMarkovChain(4, [5]),
    lambda: priors.GaussianProcess(4),
]


def built(make, seed=None):
    prior = make()
    prior.build([8])
    if seed is not None:
        rng = np.random.default_rng(seed)
        prior.set_weights([0.5 * rng.normal(size=weight.shape) for weight in prior.weights])
    return prior


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("make", KINDS[::2], ids=["linear", "process"])
def test_states_begin_with_mean_0_and_variance_1(make):
    p = built(make).distribution()
    np.testing.assert_allclose(p.mean(), np.zeros(8), atol=1e-12)
    np.testing.assert_allclose(p.variance(), np.ones(8), rtol=1e-6)


@pytest.mark.usefixtures("float64")
def test_the_deep_chain_begins_as_a_linear_one():
    """Its gate is nearly closed and its proposal 0: F is 0.9 times the open share."""
    prior = built(KINDS[1])
    states = np.random.default_rng(0).normal(size=[5, 2])
    following = prior.transition(tf.constant(states))
    share = 0.9 / (1.0 + np.exp(-2.0))
    np.testing.assert_allclose(following.mean(), share * states)
    np.testing.assert_allclose(following.stddev(), np.sqrt(1.0 - 0.81), rtol=1e-3)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("make", KINDS, ids=["linear", "deep", "process"])
def test_what_follows_is_the_longer_process_given_its_first_steps(make):
    """By the chain rule, log p(all) = log p(first) + log p(rest|first)."""
    prior = built(make, seed=0)
    longer = type(prior).from_config({**prior.get_config(), "time_steps": 7})
    longer.build([14])
    longer.set_weights(prior.get_weights())
    z = np.random.default_rng(1).normal(size=[3, 14])
    later = prior.following(tf.constant(z[:, :8]), 3)
    assert later.batch_shape == [3]
    together = prior.distribution().log_prob(z[:, :8]) + later.log_prob(z[:, 8:])
    np.testing.assert_allclose(longer.distribution().log_prob(z), together, rtol=1e-8)


def test_draws_of_the_deep_chain_follow_its_transition():
    """Four means: fails by chance once in 6 million runs."""
    prior = built(KINDS[1], seed=0)
    z = prior.distribution().sample(4000, seed=0).numpy().reshape([4000, 4, 2])
    following = prior.transition(tf.constant(z[:, 1]))
    error = (z[:, 2] - following.mean()) / following.stddev()
    assert_mean(error, 0.0)
    assert_mean(np.square(error), 1.0)


@pytest.mark.parametrize("raw", [-100.0, 100.0, 1e6])
def test_extreme_length_scales_give_finite_densities(raw):
    prior = built(lambda: priors.GaussianProcess(4, "squared_exponential", nugget=1e-6))
    prior.raw_length_scale.assign([raw, raw])
    p = prior.distribution()
    assert np.isfinite(p.log_prob(np.ones([2, 8]))).all()
    np.testing.assert_allclose(p.variance(), np.ones(8), rtol=1e-5)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: priors.GaussianProcess(2, "linear"), ValueError, "`kernel` must be"),
        (lambda: priors.GaussianProcess(2, nugget=2.0), ValueError, "`nugget` must be at most 1"),
        (lambda: priors.GaussianProcess(2, nugget=0.0), ValueError, "`nugget` must be"),
        (lambda: priors.GaussianProcess(2, length_scale=0.0), ValueError, "`length_scale` must"),
        (lambda: priors.LinearMarkovChain("2"), TypeError, "`time_steps` must be"),
        (lambda: priors.DeepMarkovChain(2, 5), TypeError, "`units` must be"),
        (lambda: priors.DeepMarkovChain(3).build([8]), ValueError, "`time_steps` must divide"),
    ],
)
def test_wrong_arguments_are_named(make, error, message):
    with pytest.raises(error, match=message):
        make()
