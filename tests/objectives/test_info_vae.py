"""The discrepancy against its closed form for normals, and the objective made of it."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorflow_probability import distributions as tfd

from tests.support import objective_formulas
from tfp_vae import divergences, objectives
from tfp_vae.testing import (
    assert_close,
    diagonal_normal,
    objective_properties,
    strategies,
    without_exact_kl,
)

pytestmark = pytest.mark.usefixtures("float64")

linear_gaussians = strategies.linear_gaussians()
weights = st.floats(0.0, 50.0)
bandwidths = st.sampled_from([None, 0.4, 3.0])
kernels = st.sampled_from(divergences.KERNELS)


@settings(max_examples=6)
@given(st.floats(0.3, 3.0), st.integers(2, 5), kernels)
def test_discrepancy_has_the_mean_of_the_closed_form(bandwidth, batch_size, kernel):
    objective_formulas.check_discrepancy(bandwidth, batch_size, kernel)


@pytest.mark.parametrize(
    "prior_of", [diagonal_normal, lambda *moments: without_exact_kl(diagonal_normal(*moments))]
)
def test_gradient_is_that_of_the_closed_form_also_where_the_prior_is_not_reparameterized(prior_of):
    objective_formulas.check_gradient_of_discrepancy(prior_of)


def test_the_two_priors_of_that_test_are_of_either_kind():
    normal = diagonal_normal(np.zeros(2), np.ones(2))
    kinds = [prior.reparameterization_type for prior in (normal, without_exact_kl(normal))]
    assert kinds == [tfd.FULLY_REPARAMETERIZED, tfd.NOT_REPARAMETERIZED]


@settings(max_examples=10)
@given(linear_gaussians, weights, st.floats(0.0, 2.0), bandwidths, st.integers(1, 3), kernels)
def test_objective_is_the_weighted_sum_of_its_terms(
    model, mmd_weight, kl_weight, bandwidth, sample_size, kernel
):
    objective_formulas.check_info_vae(
        objectives.InfoVAE(mmd_weight, kl_weight, bandwidth, sample_size, kernel), model
    )


@settings(max_examples=5)
@given(linear_gaussians)
def test_with_neutral_weights_it_is_the_bound(model):
    x, vae = model.draws(4), model.vae(0.3, 1.4)
    parts = {"posterior": vae.encoder(x), "prior": vae.prior(), "likelihood_fn": vae.decoder}
    terms = objectives.InfoVAE(0.0, kl_weight=1.0)(x, **parts, seed=3)
    np.testing.assert_array_equal(terms.objective, terms.elbo)


@settings(max_examples=3)
@given(linear_gaussians, bandwidths, kernels)
def test_gradient_is_that_of_finite_differences(model, bandwidth, kernel):
    objective_properties.gradient_is_that_of_finite_differences(
        objectives.InfoVAE(20.0, 0.5, bandwidth, 2, kernel), model
    )


def test_only_the_heavy_tails_of_a_kernel_reach_latents_far_from_the_prior():
    far = tf.constant(np.full([1, 8, 2], 60.0) + np.random.default_rng(0).normal(size=[1, 8, 2]))
    sizes = {}
    for kernel in divergences.KERNELS:
        with tf.GradientTape() as tape:
            tape.watch(far)
            rows = divergences.squared_maximum_mean_discrepancy(
                far,
                diagonal_normal(np.zeros(2), np.ones(2)),
                tf.constant([0, 1]),
                kernel=kernel,
            )
        gradient = tape.gradient(rows, far).numpy()
        sizes[kernel] = np.abs(gradient.mean(axis=(0, 1))).max()
    assert sizes["gaussian"] < 1e-12
    assert sizes["inverse_multiquadric"] > 1e-6


def test_one_row_has_no_discrepancy_and_a_finite_gradient():
    z = tf.constant(np.ones([3, 1, 2]))
    prior = diagonal_normal(np.zeros(2), np.ones(2))
    with tf.GradientTape() as tape:
        tape.watch(z)
        rows = divergences.squared_maximum_mean_discrepancy(z, prior, tf.constant([0, 1]))
    assert_close(rows, [0.0])
    assert_close(tape.gradient(rows, z), np.zeros([3, 1, 2]))


def test_a_prior_for_every_row_is_refused():
    normal = diagonal_normal(np.zeros([3, 2]), np.ones([3, 2]))
    objective = objectives.InfoVAE(1.0)
    with pytest.raises(ValueError, match=r"`prior` must have batch shape \[\]"):
        objective.check_pair(normal, normal)
    with pytest.raises(ValueError, match=r"`prior` must have batch shape \[\]"):
        objective(
            np.zeros([3, 2]),
            posterior=normal,
            prior=normal,
            likelihood_fn=lambda z: diagonal_normal(z, np.ones(2)),
            seed=0,
        )


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"mmd_weight": -1.0}, ValueError),
        ({"mmd_weight": None}, TypeError),
        ({"kl_weight": np.nan}, ValueError),
        ({"bandwidth": 0.0}, ValueError),
        ({"bandwidth": "1"}, TypeError),
        ({"sample_size": 0}, ValueError),
        ({"kernel": "rbf"}, ValueError),
    ],
)
def test_wrong_arguments_are_named(arguments, error):
    with pytest.raises(error, match=f"`{next(iter(arguments))}` must be"):
        objectives.InfoVAE(**{"mmd_weight": 1.0, **arguments})
