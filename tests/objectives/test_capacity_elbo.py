"""The mean KL, held at a capacity."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import objective_formulas
from tfp_vae import objectives
from tfp_vae.testing import LinearGaussian, objective_properties, strategies

pytestmark = pytest.mark.usefixtures("float64")

linear_gaussians = strategies.linear_gaussians()


@settings(max_examples=10)
@given(linear_gaussians, st.floats(0.0, 50.0), st.floats(0.0, 50.0), st.integers(1, 3))
def test_objective_is_the_log_likelihood_less_the_distance(model, capacity, weight, sample_size):
    objective = objectives.CapacityELBO(capacity, weight, sample_size)
    objective_formulas.check_capacity(objective, capacity, model)


def test_a_capacity_may_grow():
    growing = objectives.LinearWarmUp(steps=4, end=2.0)
    model = LinearGaussian.drawn(2)
    objective_formulas.check_capacity(objectives.CapacityELBO(growing), 1.5, model)
    assert objectives.CapacityELBO(growing).schedules == {"capacity": growing}


@pytest.mark.parametrize("capacity", [0.0, 50.0])
def test_gradient_is_that_of_finite_differences_on_either_side(capacity):
    objective_properties.gradient_is_that_of_finite_differences(
        objectives.CapacityELBO(capacity, 3.0), LinearGaussian.drawn(2)
    )


def test_training_brings_the_mean_kl_to_the_capacity():
    model = LinearGaussian.drawn(2)
    keras.utils.set_random_seed(0)
    vae = model.vae(0.3, 1.4, objective=objectives.CapacityELBO(3.0, 100.0))
    vae.compile(keras.optimizers.Adam(0.02), jit_compile=False)
    x = model.draws(200)
    vae.fit(x, epochs=60, batch_size=50, verbose=0)
    assert np.mean(vae.elbo(x, seed=0).kl_divergence) == pytest.approx(3.0, abs=0.1)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"capacity": -1.0}, ValueError),
        ({"capacity": "25"}, TypeError),
        ({"weight": np.nan}, ValueError),
        ({"sample_size": 0}, ValueError),
    ],
)
def test_wrong_arguments_are_named(arguments, error):
    with pytest.raises(error, match=f"`{next(iter(arguments))}` must be"):
        objectives.CapacityELBO(**{"capacity": 1.0, **arguments})
