"""The bound against models whose log p(x) is known exactly, to all digits or by z-score."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import exact_checks
from tfp_vae.testing import Enumerable, strategies

pytestmark = pytest.mark.usefixtures("float64")

linear_gaussians = strategies.linear_gaussians()
shifts = st.floats(-0.5, 0.5)
factors = st.floats(0.5, 1.5)


@settings(max_examples=10)
@given(linear_gaussians, shifts, factors, st.integers(1, 3))
def test_elbo_is_log_marginal_likelihood_less_the_gap(model, shift, factor, sample_size):
    exact_checks.check_linear_gaussian_elbo(model, shift, factor, sample_size)


@settings(max_examples=10)
@given(linear_gaussians, shifts, st.floats(1.1, 1.5))
def test_analytic_and_sampled_elbo_agree_in_mean(model, shift, factor):
    exact_checks.check_analytic_and_sampled_elbo_agree(model, shift, factor)


@given(linear_gaussians, st.integers(1, 3))
def test_every_draw_at_the_exact_posterior_gives_log_marginal_likelihood(model, sample_size):
    exact_checks.check_sampled_elbo_at_the_exact_posterior_is_log_marginal_likelihood(
        model, sample_size
    )


@settings(max_examples=5)
@given(linear_gaussians)
def test_draws_of_one_example_are_independent(model):
    exact_checks.check_more_samples_mean_less_variance(model)


@settings(max_examples=10)
@given(st.integers(0, 1000), st.integers(1, 3), st.integers(1, 3), st.floats(0.1, 0.9))
def test_elbo_of_discrete_latents_is_the_enumerated_one(seed, event_size, latent_size, prob):
    model = Enumerable.drawn(seed, event_size, latent_size)
    probs = np.full([2**event_size, latent_size], prob)
    exact_checks.check_enumerable_elbo(model, probs)


@settings(max_examples=5)
@given(linear_gaussians, shifts, factors)
def test_gradient_is_unbiased_for_encoder_and_decoder(model, shift, factor):
    exact_checks.check_gradient_is_unbiased(model, shift, factor)


@settings(max_examples=3)
@given(linear_gaussians)
def test_draws_have_the_moments_of_the_model(model):
    exact_checks.check_draws_have_the_moments_of_the_model(model)
