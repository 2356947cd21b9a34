"""Rényi's bound: its formula, its limits, and its order."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import importance_formulas
from tfp_vae import objectives
from tfp_vae.testing import LinearGaussian, assert_close, objective_properties, strategies

pytestmark = pytest.mark.usefixtures("float64")

linear_gaussians = strategies.linear_gaussians()
finite_orders = st.sampled_from([-3.0, -0.5, 0.0, 0.3, 0.9, 1.5, 4.0])


@settings(max_examples=15)
@given(linear_gaussians, finite_orders, st.integers(1, 6))
def test_value_and_gradient_are_those_of_the_formula(model, alpha, size):
    importance_formulas.check_renyi_bound_and_gradient(objectives.Renyi(alpha, size), model)


@settings(max_examples=5)
@given(linear_gaussians, st.sampled_from([-math.inf, math.inf]), st.integers(1, 6))
def test_infinite_orders_are_the_extreme_weights(model, alpha, size):
    importance_formulas.check_extreme_weight_and_its_gradient(objectives.Renyi(alpha, size), model)


def bounds_of(model, orders, size=6, draws=5):
    x, vae = model.draws(draws), model.vae(0.3, 1.4)
    parts = {"posterior": vae.encoder(x), "prior": vae.prior(), "likelihood_fn": vae.decoder}
    found = [objectives.Renyi(alpha, size)(x, **parts, seed=3).objective for alpha in orders]
    return np.stack(found), x, parts


@pytest.mark.nightly
@settings(max_examples=10)
@given(linear_gaussians)
def test_the_bound_falls_as_its_order_rises(model):
    """For the same draws, since a mean of powers rises with the power."""
    orders = [-math.inf, -20.0, -1.0, 0.0, 0.5, 0.999, 1.001, 2.0, 20.0, math.inf]
    found, _, _ = bounds_of(model, orders)
    assert np.all(np.diff(found, axis=0) <= 1e-9)
    assert np.all(found[0] - found[-1] > 1e-3)


@settings(max_examples=5)
@given(linear_gaussians)
def test_order_zero_is_the_importance_weighted_bound_and_one_the_evidence_lower_bound(model):
    (tighter, elbo), x, parts = bounds_of(model, [0.0, 1.0])
    assert_close(tighter, objectives.IWAE(6)(x, **parts, seed=3).objective)
    assert_close(elbo, objectives.ELBO(sample_size=6)(x, **parts, seed=3).elbo)


@pytest.mark.parametrize("distance", [1e-3, 1e-6, 1e-9])
@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_near_one_it_is_the_mean_of_the_log_weights_to_all_digits(distance, side):
    """The difference is half the variance of the log-weights times the distance."""
    model = LinearGaussian.drawn(2)
    x, vae = model.draws(5), model.vae(0.3, 1.4)
    q, p = vae.encoder(x), vae.prior()
    z = q.sample(6, seed=[0, 3])
    log_weights = (vae.decoder(z).log_prob(x) + p.log_prob(z) - q.log_prob(z)).numpy()
    terms = objectives.Renyi(1.0 + side * distance, 6)(
        x, posterior=q, prior=p, likelihood_fn=vae.decoder, seed=np.array([0, 3], np.int32)
    )
    expected = log_weights.mean(axis=0) - 0.5 * side * distance * log_weights.var(axis=0)
    assert_close(terms.objective, expected, 1e-3 * distance + 1e-12, 1e-9)


@settings(max_examples=5)
@given(linear_gaussians, st.sampled_from([-math.inf, -2.0, 0.5, 3.0, math.inf]))
def test_exact_posterior_gives_log_marginal_likelihood(model, alpha):
    objective = objectives.Renyi(alpha, 3)
    objective_properties.exact_posterior_gives_log_marginal_likelihood(objective, model)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"alpha": math.nan}, ValueError),
        ({"alpha": "max"}, TypeError),
        ({"importance_sample_size": 0}, ValueError),
    ],
)
def test_wrong_arguments_are_named(arguments, error):
    with pytest.raises(error, match=f"`{next(iter(arguments))}` must be"):
        objectives.Renyi(**arguments)
