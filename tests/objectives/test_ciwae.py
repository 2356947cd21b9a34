"""The combination of two bounds, whose ends are the bounds themselves."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import importance_formulas
from tfp_vae import objectives
from tfp_vae.testing import LinearGaussian, assert_close, objective_properties, strategies

pytestmark = pytest.mark.usefixtures("float64")

linear_gaussians = strategies.linear_gaussians()
weights = st.sampled_from([0.0, 0.05, 0.5, 1.0])


@pytest.mark.nightly
@settings(max_examples=10)
@given(linear_gaussians, weights, st.integers(1, 6))
def test_value_and_gradients_are_between_those_of_both_bounds(model, weight, size):
    importance_formulas.check_combined_bound_and_gradient(objectives.CIWAE(weight, size), model)


@settings(max_examples=3)
@given(linear_gaussians, st.integers(1, 6))
def test_gradient_is_that_of_finite_differences(model, size):
    objective_properties.gradient_is_that_of_finite_differences(objectives.CIWAE(0.3, size), model)


def test_the_ends_are_the_bounds():
    model = LinearGaussian.drawn(2)
    x, vae = model.draws(4), model.vae(0.3, 1.4)
    parts = {"posterior": vae.encoder(x), "prior": vae.prior(), "likelihood_fn": vae.decoder}
    terms = {weight: objectives.CIWAE(weight, 5)(x, **parts, seed=3) for weight in (0.0, 1.0)}
    np.testing.assert_array_equal(terms[1.0].objective, terms[1.0].elbo)
    assert_close(terms[0.0].objective, objectives.IWAE(5)(x, **parts, seed=3).objective)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"elbo_weight": -0.1}, ValueError),
        ({"elbo_weight": 1.1}, ValueError),
        ({"elbo_weight": "1"}, TypeError),
        ({"importance_sample_size": 0}, ValueError),
    ],
)
def test_wrong_arguments_are_named(arguments, error):
    with pytest.raises(error, match=f"`{next(iter(arguments))}` must be"):
        objectives.CIWAE(**arguments)
