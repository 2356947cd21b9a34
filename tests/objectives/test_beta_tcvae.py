"""The KL taken apart, against quadrature and enumeration over a small data set."""

import itertools

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorflow_probability import distributions as tfd

from tests.support import objective_formulas
from tfp_vae import divergences, objectives
from tfp_vae.testing import (
    AggregatePosterior,
    assert_close,
    diagonal_normal,
    objective_properties,
    strategies,
)

pytestmark = pytest.mark.usefixtures("float64")

ESTIMATORS = divergences.AGGREGATE_ESTIMATORS
aggregates = strategies.aggregate_posteriors()
linear_gaussians = strategies.linear_gaussians()
weights = st.floats(0.0, 8.0)


@given(st.data(), aggregates, st.sampled_from(ESTIMATORS))
def test_parts_of_a_batch_are_those_of_the_formula(data, aggregate, estimator):
    size = data.draw(st.integers(1, aggregate.data_size))
    batch = data.draw(st.permutations(range(aggregate.data_size)))[:size]
    objective_formulas.check_decomposition_of_a_batch(aggregate, estimator, batch)


@settings(max_examples=8)
@given(st.integers(0, 1000), st.integers(2, 6), st.integers(1, 2))
def test_parts_of_the_whole_data_are_the_exact_ones(seed, data_size, latent_size):
    objective_formulas.check_decomposition_of_the_data(
        AggregatePosterior.drawn(seed, data_size, latent_size)
    )


def _densities_by_batch(aggregate, estimator, size, z):
    """Returns the estimates of q(z) at a draw of example 0, over all batches that hold it."""
    size_of_event = z.shape[-1]
    prior = diagonal_normal(np.zeros(size_of_event), np.ones(size_of_event))
    densities = []
    for others in itertools.combinations(range(1, aggregate.data_size), size - 1):
        batch = [0, *others]
        q = diagonal_normal(aggregate.mean[batch], aggregate.stddev[batch])
        draws = np.broadcast_to(z, [1, size, size_of_event])
        parts = divergences.decomposed_kl_divergence(
            q, prior, tf.constant(draws), aggregate.data_size, estimator
        )
        log_own = q.log_prob(draws)[0, 0] - parts.index_code_mutual_information[0]
        densities.append(np.exp(log_own))
    return np.array(densities)


@pytest.mark.nightly
@settings(max_examples=8)
@given(st.integers(0, 1000), st.integers(2, 4))
def test_stratified_density_is_unbiased_over_all_batches(seed, size):
    aggregate = AggregatePosterior.drawn(seed, data_size=5)
    z = aggregate.mean[0] + 0.3
    uniform = np.full(5, 0.2)
    exact = np.exp(aggregate.log_parts(z, 0, uniform)[1])
    densities = _densities_by_batch(aggregate, "minibatch_stratified", size, z)
    assert_close(densities.mean(), exact)


@settings(max_examples=8)
@given(st.integers(0, 1000), st.integers(1, 5))
def test_weighted_density_counts_every_posterior_of_the_batch_alike(seed, size):
    """Over all batches with the draw's own example: 1/(NM) for it, and for M - 1 of the others."""
    aggregate = AggregatePosterior.drawn(seed, data_size=5)
    z = aggregate.mean[0] + 0.3
    densities = _densities_by_batch(aggregate, "minibatch_weighted", size, z)
    own, joint, _, _ = aggregate.log_parts(z, 0, np.full(5, 0.2))
    others = 5 * np.exp(joint) - np.exp(own)
    expected = (np.exp(own) + (size - 1) / 4 * others) / (5 * size)
    assert_close(densities.mean(), expected)


@settings(max_examples=10)
@given(linear_gaussians, weights, weights, weights, st.sampled_from(ESTIMATORS), st.integers(1, 3))
def test_objective_is_the_bound_less_the_weighted_parts(
    model, total_correlation, mutual_information, dimension_wise, estimator, sample_size
):
    objective_formulas.check_beta_tcvae(
        objectives.BetaTCVAE(
            10, total_correlation, mutual_information, dimension_wise, estimator, sample_size
        ),
        model,
    )


@settings(max_examples=5)
@given(linear_gaussians, st.sampled_from(ESTIMATORS))
def test_with_all_weights_one_it_is_the_bound(model, estimator):
    x, vae = model.draws(4), model.vae(0.3, 1.4)
    parts = {"posterior": vae.encoder(x), "prior": vae.prior(), "likelihood_fn": vae.decoder}
    terms = objectives.BetaTCVAE(9, 1.0, aggregate_estimator=estimator)(x, **parts, seed=3)
    np.testing.assert_array_equal(terms.objective, terms.elbo)


@settings(max_examples=3)
@given(linear_gaussians, st.sampled_from(ESTIMATORS))
def test_gradient_is_that_of_finite_differences(model, estimator):
    objective_properties.gradient_is_that_of_finite_differences(
        objectives.BetaTCVAE(9, 3.0, 0.5, 2.0, estimator, 2), model
    )


def test_one_latent_has_no_total_correlation():
    aggregate = AggregatePosterior.drawn(0, 5, latent_size=1)
    _, parts = objective_formulas.parts_of(aggregate, "minibatch_weighted", range(4))
    assert_close(parts.total_correlation, 0.0)


def _correlated(*batch):
    return tfd.MultivariateNormalTriL(
        np.zeros([*batch, 2]), np.broadcast_to([[1.0, 0.0], [0.5, 1.0]], [*batch, 2, 2])
    )


_NORMAL = diagonal_normal(np.zeros([3, 2]), np.ones([3, 2]))


@pytest.mark.parametrize(
    ("posterior", "prior", "message"),
    [
        (_correlated(3), _NORMAL[0], "`posterior` must have independent latents"),
        (_NORMAL, _correlated(), "`prior` must have independent latents"),
        (_NORMAL, _NORMAL, r"`prior` must have batch shape \[\]"),
    ],
)
def test_a_pair_without_these_parts_is_refused(posterior, prior, message):
    objective = objectives.BetaTCVAE(10)
    for refused in (
        lambda: objective.check_pair(posterior, prior),
        lambda: objective.decomposition(posterior, prior, seed=0),
        lambda: objective(
            np.zeros([3, 2]),
            posterior=posterior,
            prior=prior,
            likelihood_fn=lambda z: diagonal_normal(z, np.ones(2)),
            seed=0,
        ),
    ):
        with pytest.raises(ValueError, match=message):
            refused()


def test_the_decomposition_needs_independent_latents():
    with pytest.raises(ValueError, match="`posterior` must have latents that are independent"):
        divergences.decomposed_kl_divergence(_correlated(3), _NORMAL[0], tf.zeros([1, 3, 2]), 5)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"data_size": 0}, ValueError),
        ({"data_size": None}, TypeError),
        ({"total_correlation_weight": -1.0}, ValueError),
        ({"mutual_information_weight": "1"}, TypeError),
        ({"dimension_wise_kl_weight": np.inf}, ValueError),
        ({"aggregate_estimator": "weighted"}, ValueError),
        ({"sample_size": 0}, ValueError),
    ],
)
def test_wrong_arguments_are_named(arguments, error):
    with pytest.raises(error, match=f"`{next(iter(arguments))}` must be"):
        objectives.BetaTCVAE(**{"data_size": 10, **arguments})


def test_weights_of_an_estimator_that_there_is_not_are_refused():
    with pytest.raises(ValueError, match="`estimator`"):
        AggregatePosterior.drawn().minibatch_weights("weighted", [0, 1])
