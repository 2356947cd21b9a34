"""A controller that brings the KL to its target."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

import tfp_vae
from tests.support.small_models import BINARY, vae_with
from tfp_vae import objectives, posteriors, priors
from tfp_vae.objectives import ObjectiveTerms
from tfp_vae.testing import LinearGaussian, assert_close

pytestmark = pytest.mark.usefixtures("float64")


def _learn(objective, mean_kl, step=0):
    kl = tf.constant([mean_kl - 0.5, mean_kl + 0.5], tf.float64)
    objective.learn(None, ObjectiveTerms(-kl, tf.zeros_like(kl), kl, -kl), None, step)


@settings(max_examples=30)
@given(
    kls=st.lists(st.floats(0.0, 60.0), min_size=1, max_size=8),
    target=st.floats(0.0, 40.0),
    gains=st.tuples(st.floats(0.0, 1.0), st.floats(0.0, 0.5)),
    limits=st.tuples(st.floats(0.0, 2.0), st.floats(0.1, 3.0)),
)
def test_weight_follows_the_formula(kls, target, gains, limits):
    least, greatest = limits[0], sum(limits)
    objective = objectives.ControlVAE(target, *gains, least, greatest).for_model(2, "float64")
    integral = 0.0
    for mean_kl in kls:
        _learn(objective, mean_kl)
        error = target - mean_kl
        integral = np.clip(integral - gains[1] * error, 0.0, greatest - least)
        expected = min(least + gains[0] / (1.0 + np.exp(error)) + integral, greatest)
        assert float(objective.kl_weight) == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_objective_weighs_the_kl_and_reports_the_bound():
    model = LinearGaussian.drawn(2)
    vae, x = model.vae(0.3, 1.4, objective=objectives.ControlVAE(1.0)), tf.constant(model.draws(5))
    vae.objective.state.weight.assign(0.3)
    terms = vae.objective_terms(x, tf.constant([1, 2]), 3, training=True)
    assert_close(terms.objective, terms.log_likelihood - 0.3 * terms.kl_divergence)
    assert_close(terms.elbo, terms.log_likelihood - terms.kl_divergence)


@pytest.mark.parametrize(("target", "gain"), [(0.3, 0.05), (2.0, 0.005)])
def test_training_brings_the_mean_kl_to_the_target(target, gain):
    model = LinearGaussian.drawn(2)
    keras.utils.set_random_seed(0)
    objective = objectives.ControlVAE(target, integral_gain=gain)
    vae = model.vae(0.3, 1.4, objective=objective)
    natural = float(np.mean(vae.elbo(model.draws(200), seed=0).kl_divergence))
    vae.compile(keras.optimizers.Adam(0.02), jit_compile=False)
    x = model.draws(200)
    vae.fit(x, epochs=100, batch_size=50, verbose=0)
    assert np.mean(vae.elbo(x, seed=0).kl_divergence) == pytest.approx(target, abs=0.1)
    assert abs(natural - target) > 0.5
    assert (float(vae.objective.kl_weight) > 1.0) == (target < natural)


def test_each_model_has_a_weight_of_its_own():
    model = LinearGaussian.drawn(2)
    objective = objectives.ControlVAE(0.1, least_weight=0.5)
    one, other = (model.vae(0.3, 1.4, objective=objective) for _ in range(2))
    _learn(one.objective, 30.0)
    assert float(one.objective.kl_weight) > 0.5
    assert float(other.objective.kl_weight) == float(objective.kl_weight) == 0.5
    third = model.vae(0.3, 1.4, objective=one.objective)
    assert float(third.objective.kl_weight) == 0.5


def test_a_target_may_follow_a_schedule():
    growing = objectives.LinearWarmUp(steps=4, end=2.0)
    objective = objectives.ControlVAE(growing, integral_gain=0.1, proportional_gain=0.0)
    assert objective.schedules == {"kl_target": growing}
    objective = objective.for_model(2, "float64")
    _learn(objective, 5.0, step=3)
    assert float(objective.kl_weight) == pytest.approx(0.1 * (5.0 - 1.5))


def test_another_objective_takes_the_weight_away():
    vae = LinearGaussian.drawn(2).vae(0.3, 1.4, objective=objectives.ELBO())
    weights = len(vae.weights)
    vae.objective = objectives.ControlVAE(1.0)
    assert len(vae.weights) == weights + 2
    vae.objective = objectives.ControlVAE(2.0)
    assert len(vae.weights) == weights + 2
    vae.objective = objectives.IWAE(2)
    assert len(vae.weights) == weights


def test_a_saved_model_goes_on_with_its_weight(tmp_path):
    model = LinearGaussian.drawn(2)
    keras.utils.set_random_seed(0)
    vae = model.vae(0.3, 1.4, objective=objectives.ControlVAE(0.2, integral_gain=0.05))
    vae.compile(keras.optimizers.Adam(0.01), run_eagerly=True)
    x = model.draws(20)
    history = vae.fit(x, epochs=2, batch_size=10, verbose=0).history
    # The log holds float32.
    assert history["kl_weight"][-1] == pytest.approx(float(vae.objective.kl_weight), rel=1e-6)
    assert history["kl_weight"][0] < history["kl_weight"][1]
    vae.save(tmp_path / "vae.keras")
    loaded = tfp_vae.load(tmp_path / "vae.keras")
    assert float(loaded.objective.kl_weight) == float(vae.objective.kl_weight) > 0.05
    for each in (vae, loaded):
        keras.utils.set_random_seed(1)
        each.fit(x, epochs=1, batch_size=10, verbose=0)
    for one, another in zip(vae.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(one, another)


def test_a_skipped_step_leaves_the_weight():
    model = LinearGaussian.drawn(2)
    vae = model.vae(0.3, 1.4, objective=objectives.ControlVAE(0.2))
    vae.compile("sgd", run_eagerly=True, on_nonfinite="skip")
    x = model.draws(4)
    vae.train_on_batch(x)
    before = float(vae.objective.kl_weight)
    assert before > 0.0
    x[0] = 1e149  # whose gradient is finite, but not its square
    vae.trainer.train_step(tf.constant(x))
    assert int(vae.skipped_steps.result()) == 1
    assert float(vae.objective.kl_weight) == before


def test_the_weight_is_also_that_of_categories():
    vae = vae_with(posteriors.Categorical(3), priors.Categorical(3))
    terms = {}
    for name, objective in (("whole", objectives.ELBO()), ("half", objectives.ControlVAE(1.0))):
        vae.objective = objective
        if name == "half":
            vae.objective.state.weight.assign(0.5)
        terms[name] = vae.objective_terms(tf.constant(BINARY), tf.constant([1, 2]), 0, False)
    assert_close(
        terms["half"].objective,
        terms["whole"].log_likelihood - 0.5 * terms["whole"].kl_divergence,
        1e-5,
        1e-5,
    )


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"kl_target": -1.0}, ValueError),
        ({"kl_target": "25"}, TypeError),
        ({"proportional_gain": np.nan}, ValueError),
        ({"integral_gain": -0.1}, ValueError),
        ({"least_weight": np.inf}, ValueError),
        ({"greatest_weight": 0.0}, ValueError),
        ({"least_weight": 2.0, "greatest_weight": 2.0}, ValueError),
        ({"sample_size": 0}, ValueError),
    ],
)
def test_wrong_arguments_are_named(arguments, error):
    with pytest.raises(error, match=f"`{next(iter(arguments))}`"):
        objectives.ControlVAE(**{"kl_target": 1.0, **arguments})
