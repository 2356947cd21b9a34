"""Missing values in linear-Gaussian models, where p(x_observed) is a normal density."""

import dataclasses

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.support import missing_value_checks
from tests.support.mutations import assert_killed
from tfp_vae import evaluation, likelihoods
from tfp_vae.testing import (
    LinearGaussian,
    assert_close,
    assert_mean_at_most,
    properties,
    repeated,
    strategies,
    with_holes,
)
from tfp_vae.testing.properties import Subject

pytestmark = pytest.mark.usefixtures("float64")

linear_gaussians = strategies.linear_gaussians(event_sizes=(4, 5))


@settings(max_examples=4)
@given(linear_gaussians)
def test_a_column_without_values_is_no_column(model):
    missing_value_checks.check_a_column_without_values_is_no_column(model)


@settings(max_examples=4)
@given(linear_gaussians, st.integers(0, 1000))
def test_the_bound_is_at_most_the_density_of_what_is_observed(model, seed):
    vae = model.vae(0.2, 1.2, missing_values=np.nan)
    _, whole, row = with_holes(model.draws(3), seed)
    exact = model.log_marginal_likelihood(row)[0]
    assert_mean_at_most(vae.elbo(repeated(row), seed=seed).elbo, exact)
    terms = vae.elbo(whole[None], seed=seed)
    plain = model.vae(0.2, 1.2).elbo(whole[None], seed=seed)
    for one, another in zip(terms, plain, strict=True):
        np.testing.assert_array_equal(one, another)


@settings(max_examples=8)
@given(st.integers(0, 1000), st.integers(1, 4), st.floats(0.3, 2.0))
def test_every_draw_at_the_exact_posterior_gives_the_density_of_the_observed(seed, seen, scale):
    model = LinearGaussian.drawn(seed, 5, 1, scale)
    x = model.draws(6)
    x[:, np.random.default_rng(seed).permutation(5)[seen:]] = np.nan
    exact = model.log_marginal_likelihood(x)
    missing_value_checks.check_every_exact_draw_gives_the_density_of_the_observed(model, x, exact)


def test_importance_sampling_estimates_the_density_of_the_observed():
    model = LinearGaussian.drawn(3, 5, 2)
    x = with_holes(model.draws(40))
    vae = model.vae(missing_values=np.nan)
    found = evaluation.log_marginal_likelihood(vae, x, importance_sample_size=4000, seed=1)
    exact = model.log_marginal_likelihood(x)
    enough = found.effective_sample_size > 400
    assert enough.sum() > 20
    scores = (found.estimate - exact)[enough] / (found.standard_error[enough] + 1e-9)
    # 40 scores beyond 5: fails by chance in 2.3e-5 of all seeds, were the seed not fixed.
    assert np.abs(scores).max() < 5.0


@settings(max_examples=5)
@given(strategies.vaes_with_data(missing_values=np.nan))
def test_a_row_without_values_costs_its_kl_divergence(vae_and_x):
    vae, x = vae_and_x
    terms = vae.elbo(np.full_like(x, np.nan), sample_size=2, seed=0)
    np.testing.assert_array_equal(terms.log_likelihood, 0.0)
    assert_close(terms.elbo, -terms.kl_divergence)


@settings(max_examples=5)
@given(strategies.vaes_with_data(missing_values=np.nan))
def test_every_weight_has_a_finite_gradient(vae_and_x):
    vae, x = vae_and_x
    # The transition of a chain of one step is for what follows it alone.
    assume(getattr(vae.prior_layer, "time_steps", 2) > 1)
    holes = np.array(x, np.float64)
    holes.flat[::2] = np.nan
    properties.every_weight_has_a_finite_gradient(Subject(vae, holes))


@settings(max_examples=5)
@given(strategies.vaes_with_data(missing_values=np.nan))
def test_values_do_not_matter_where_they_are_missing(vae_and_x):
    vae, x = vae_and_x
    observed = np.random.default_rng(0).uniform(size=x.shape) < 0.5
    coded = type(vae).from_config({**vae.get_config(), "missing_values": -7.0})
    coded.set_weights(vae.get_weights())
    terms = vae.elbo(np.where(observed, x, np.nan), seed=0)
    others = coded.elbo(np.where(observed, x, -7.0), seed=0)
    for one, another in zip(terms, others, strict=True):
        np.testing.assert_array_equal(one, another)


def check_a_column():
    model = dataclasses.replace(LinearGaussian.drawn(5, 4, 2), offset=np.zeros(4))
    missing_value_checks.check_a_column_without_values_is_no_column(model)


def test_every_check_passes_on_the_code_as_it_is():
    check_a_column()


def test_a_mistake_in_the_code_fails_its_check():
    """With missing values scored, a column without values is one."""
    scored = (
        likelihoods.Likelihood,
        "of_observed",
        lambda self, distribution, observed: distribution,
    )
    assert_killed([scored], {"column": check_a_column})
