"""The gradient of the evidence lower bound by sticking the landing (Roeder et al. 2017)."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import exact_checks, objective_formulas
from tfp_vae import objectives
from tfp_vae.testing import (
    LinearGaussian,
    assert_close,
    assert_mean,
    diagonal_normal,
    objective_properties,
    strategies,
    without_exact_kl,
)

pytestmark = pytest.mark.usefixtures("float64")

linear_gaussians = strategies.linear_gaussians()
sizes = st.integers(1, 3)
weights = st.floats(0.1, 3.0)


def _sticking(**options):
    return objectives.ELBO(gradient_estimator="sticking_the_landing", **options)


@settings(max_examples=10)
@given(linear_gaussians, sizes, weights, st.sampled_from([0.0, 0.3]))
def test_value_and_gradient_are_those_of_the_formula(model, size, kl_weight, free_bits):
    objective_formulas.check_sticking_the_landing_gradient(
        _sticking(sample_size=size, kl_weight=kl_weight, free_bits=free_bits), model
    )


@settings(max_examples=5)
@given(linear_gaussians, sizes, weights, st.sampled_from([0.0, 0.3]))
def test_gradient_is_unbiased_for_every_group(model, size, kl_weight, free_bits):
    options = {"sample_size": size, "kl_weight": kl_weight, "free_bits": free_bits}
    objective_properties.estimator_is_unbiased(
        _sticking(**options), objectives.ELBO(**options), model
    )


@settings(max_examples=10)
@given(linear_gaussians, sizes)
def test_gradient_at_the_exact_posterior_is_zero_for_every_draw(model, size):
    objective_properties.exact_posterior_has_no_gradient(_sticking(sample_size=size), model)


def test_the_standard_gradient_at_the_exact_posterior_is_not_zero():
    with pytest.raises(AssertionError):
        objective_properties.exact_posterior_has_no_gradient(
            objectives.ELBO(), LinearGaussian.drawn()
        )


@settings(max_examples=6)
@given(st.data())
def test_every_posterior_has_an_unbiased_gradient(data):
    """By the features that the posterior is made of, with and without an exact KL."""
    count = 2000
    layer = data.draw(strategies.posteriors(2).filter(lambda layer: not layer.summed))
    features = tf.constant(np.tile([0.4, -0.3, 0.8], [count, 1]))
    layer(features[:1])
    prior = diagonal_normal(np.zeros(2), np.ones(2))

    def terms_and_gradient(objective, prior, seed):
        with tf.GradientTape() as tape:
            tape.watch(features)
            terms = objective(
                np.tile([0.5, -1.0], [count, 1]),
                posterior=layer(features),
                prior=prior,
                likelihood_fn=lambda z: diagonal_normal(z, np.full(2, 0.5)),
                seed=seed,
            )
            total = tf.reduce_sum(terms.objective)
        return terms, tape.gradient(total, features).numpy()

    _, standard = terms_and_gradient(objectives.ELBO(), prior, 2)
    for known in (prior, without_exact_kl(prior)):
        terms, sticking = terms_and_gradient(_sticking(), known, 1)
        assert_close(terms.objective, terms.elbo)
        assert_mean(sticking - standard, 0.0)


def test_discrete_draws_have_no_such_gradient():
    model = exact_checks.ENUMERABLE
    x = model.all_observations()
    with pytest.raises(ValueError, match="`posterior` must be reparameterized"):
        _sticking()(
            x,
            posterior=model.posterior(np.full([len(x), 2], 0.4)),
            prior=model.prior(),
            likelihood_fn=model.likelihood_fn,
            seed=0,
        )


@pytest.mark.parametrize(("value", "error"), [("stl", ValueError), (1, TypeError)])
def test_wrong_estimator_is_named(value, error):
    with pytest.raises(error, match="`gradient_estimator` must be one of"):
        objectives.ELBO(gradient_estimator=value)
