"""The covariance of the latents, and what it is penalised for."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import objective_formulas
from tfp_vae import distributions, objectives, posteriors
from tfp_vae.testing import assert_close, diagonal_normal, objective_properties, strategies

pytestmark = pytest.mark.usefixtures("float64")

linear_gaussians = strategies.linear_gaussians()
weights = st.floats(0.0, 50.0)
covariances = st.sampled_from(["posterior_means", "aggregate_posterior"])


@settings(max_examples=10)
@given(linear_gaussians, weights, weights, covariances, st.integers(1, 3))
def test_objective_is_the_bound_less_the_penalty(
    model, off_diagonal_weight, diagonal_weight, covariance, sample_size
):
    objective = objectives.DIPVAE(off_diagonal_weight, diagonal_weight, covariance, sample_size)
    objective_formulas.check_dip_vae(objective, model)


@settings(max_examples=3)
@given(linear_gaussians, covariances)
def test_gradient_is_that_of_finite_differences(model, covariance):
    objective_properties.gradient_is_that_of_finite_differences(
        objectives.DIPVAE(5.0, 2.0, covariance), model
    )


def test_the_covariance_of_a_full_posterior_counts():
    """Equal means; the aggregate's covariance is that of the posteriors themselves."""
    lower = np.tile([[1.0, 0.0], [0.6, 0.8]], [3, 1, 1])
    q = distributions.MultivariateNormalTriL(np.zeros([3, 2]), lower)
    objective = objectives.DIPVAE(10.0, 1.0, "aggregate_posterior")
    terms = objective(
        np.zeros([3, 2]),
        posterior=q,
        prior=diagonal_normal(np.zeros(2), np.ones(2)),
        likelihood_fn=lambda z: diagonal_normal(z, np.ones(2)),
        seed=0,
    )
    assert_close(terms.elbo - terms.objective, np.full(3, 2 * 10.0 * 0.6**2))


def test_a_posterior_without_moments_is_refused():
    flow = posteriors.InverseAutoregressiveFlow(2)(np.zeros([3, 4]))
    objective = objectives.DIPVAE(1.0, 1.0)
    with pytest.raises(ValueError, match="`posterior` must have a mean and a covariance"):
        objective.check_pair(flow, diagonal_normal(np.zeros(2), np.ones(2)))


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"off_diagonal_weight": -1.0}, ValueError),
        ({"diagonal_weight": None}, TypeError),
        ({"covariance": "I"}, ValueError),
        ({"sample_size": 0}, ValueError),
    ],
)
def test_wrong_arguments_are_named(arguments, error):
    with pytest.raises(error, match=f"`{next(iter(arguments))}` must be"):
        objectives.DIPVAE(**{"off_diagonal_weight": 1.0, "diagonal_weight": 1.0, **arguments})
