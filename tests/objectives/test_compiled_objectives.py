"""Every objective trains a model as Keras users do: compiled, weighted, on ragged batches."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfp_vae import objectives
from tfp_vae.testing import LinearGaussian, assert_close

pytestmark = pytest.mark.usefixtures("float64")

OBJECTIVES = {
    "BetaTCVAE": objectives.BetaTCVAE(7, 3.0, 0.5, 2.0, sample_size=2),
    "BetaTCVAE, stratified": objectives.BetaTCVAE(7, aggregate_estimator="minibatch_stratified"),
    "CIWAE": objectives.CIWAE(0.3, 3),
    "CapacityELBO": objectives.CapacityELBO(objectives.LinearWarmUp(9), weight=2.0),
    "ControlVAE": objectives.ControlVAE(0.1, integral_gain=0.1),
    "DIPVAE": objectives.DIPVAE(3.0, 1.0),
    "DIPVAE, aggregate posterior": objectives.DIPVAE(3.0, 1.0, "aggregate_posterior"),
    "ELBO, sticking the landing": objectives.ELBO(gradient_estimator="sticking_the_landing"),
    "FactorVAE": objectives.FactorVAE(3.0, units=[4], learning_rate=0.01),
    "HamiltonianELBO": objectives.HamiltonianELBO(2, 0.1, sample_size=2),
    "InfoVAE": objectives.InfoVAE(20.0, sample_size=2),
    "InfoVAE, inverse multiquadric": objectives.InfoVAE(20.0, kernel="inverse_multiquadric"),
    "IWAE": objectives.IWAE(3),
    "IWAE, doubly reparameterized": objectives.IWAE(3, "doubly_reparameterized"),
    "IWAE, resampled": objectives.IWAE(3, "resampled"),
    "IWAE, the mean of two": objectives.IWAE(3, "resampled", sample_size=2),
    "PIWAE": objectives.PIWAE(6, 3),
    "Renyi": objectives.Renyi(0.5, 3),
    "Renyi, the largest weight": objectives.Renyi(float("-inf"), 3),
}
# Compiling a training loop takes seconds; the others are compiled at night.
COMPILED_EVERY_TIME = {"BetaTCVAE"}
every = pytest.mark.parametrize("name", OBJECTIVES)


@every
def test_value_and_gradient_are_the_same_under_xla(name):
    model = LinearGaussian.drawn(2)
    vae, x = model.vae(0.3, 1.4, objective=OBJECTIVES[name]), tf.constant(model.draws(5))

    def value_and_gradient():
        with tf.GradientTape() as tape:
            terms = vae.objective_terms(x, tf.constant([1, 2]), 3, training=True)
            loss = -tf.reduce_mean(terms.objective)
        return terms, tape.gradient(loss, vae.trainable_variables)

    eager, xla = value_and_gradient(), tf.function(value_and_gradient, jit_compile=True)()
    for one, another in zip(tf.nest.flatten(eager), tf.nest.flatten(xla), strict=True):
        assert_close(one, another, 1e-6, 1e-6)


@pytest.mark.nightly
@every
def test_gradient_of_a_compiled_objective_can_be_taken_outside(name):
    model = LinearGaussian.drawn(2)
    vae, x = model.vae(0.3, 1.4, objective=OBJECTIVES[name]), tf.constant(model.draws(5))

    def objective():
        terms = vae.objective_terms(x, tf.constant([1, 2]), 3, training=True)
        return tf.reduce_mean(terms.objective)

    gradients = []
    for function in (objective, tf.function(objective)):
        with tf.GradientTape() as tape:
            value = function()
        gradients.append(tape.gradient(value, vae.trainable_variables))
    for one, another in zip(*gradients, strict=True):
        assert_close(one, another)


def _trained(name, run_eagerly):
    """Trains on three weighted batches, the last of one row; returns the weights and the log."""
    model = LinearGaussian.drawn(2)
    x, weights = model.draws(7), np.array([1.0, 0.0, 2.0, 0.5, 1.0, 1.0, 3.0])
    keras.utils.set_random_seed(4)
    vae = model.vae(0.3, 1.4, objective=OBJECTIVES[name])
    start = [weight.numpy() for weight in vae.trainable_weights]
    vae.compile(keras.optimizers.SGD(0.01), run_eagerly=run_eagerly)
    history = vae.fit(x, sample_weight=weights, batch_size=3, verbose=0).history
    trained = vae.get_weights()
    for one, another in zip(start, vae.trainable_weights, strict=True):
        assert np.isfinite(another).all()
        assert np.abs(one - another).max() > 1e-5
    return trained, [history[key][0] for key in sorted(history)]


@every
def test_weighted_rows_and_a_ragged_last_batch_train(name):
    _, log = _trained(name, run_eagerly=True)
    assert np.isfinite(log).all()


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if name in COMPILED_EVERY_TIME else pytest.mark.nightly)
        for name in OBJECTIVES
    ],
)
def test_compiled_training_is_eager_training(name):
    for one, another in zip(
        tf.nest.flatten(_trained(name, False)), tf.nest.flatten(_trained(name, True)), strict=True
    ):
        assert_close(one, another, 1e-4, 1e-5)
