import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import assume, given
from hypothesis import strategies as st

from tfp_vae import likelihoods, objectives, posteriors, priors
from tfp_vae.testing import properties, strategies
from tfp_vae.testing.properties import Subject
from tfp_vae.testing.strategies.posterior import POSTERIORS


@given(strategies.vaes_with_data())
def test_every_weight_has_a_finite_gradient(vae_and_x):
    # The transition of a chain of one step is for what follows it alone.
    assume(getattr(vae_and_x[0].prior_layer, "time_steps", 2) > 1)
    properties.every_weight_has_a_finite_gradient(Subject(*vae_and_x))


@given(st.data(), st.floats(-60.0, 60.0), st.floats(-60.0, 60.0))
def test_terms_and_gradients_are_finite_at_extreme_parameters(data, encoded, decoded):
    latent_size, event_shape = data.draw(strategies.latent_sizes()), [3]
    # Codes have the codebook of a model.
    of_their_own = strategies.posteriors(latent_size).filter(
        lambda each: not isinstance(each, posteriors.VectorQuantized)
    )
    posterior = data.draw(of_their_own)
    made_of_weights = set(POSTERIORS[type(posterior)].priors) - {priors.VampPrior}
    prior = data.draw(strategies.priors(latent_size, posterior, sorted(made_of_weights, key=str)))
    prior.build([latent_size])
    likelihood = data.draw(strategies.likelihoods(event_shape))
    posterior.build([None, latent_size])
    likelihood.build([None, 3])
    inputs = [tf.fill([2, latent_size], encoded), tf.fill([1, 2, 3], decoded)]
    for layer in (posterior, likelihood):
        for kernel in (w for w in layer.trainable_variables if w.name == "kernel"):
            kernel.assign(np.eye(*kernel.shape))
    x = strategies.observed(likelihood, 2)
    objective = data.draw(strategies.objectives(posterior, prior))
    by_formula = type(objective) is objectives.ELBO and objective.gradient_estimator == "standard"
    sampled = (
        priors.MaskedAutoregressiveFlow,
        priors.MixtureOfGaussians,
        priors.NeuralSplineFlow,
        priors.RealNVP,
    )
    if not by_formula or type(prior) in sampled:
        # The density of draws is differentiated, which squares the inverse scale: below a scale of
        # 1e-18 or so that is beyond float32.
        inputs[0] = tf.maximum(inputs[0], -30.0)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        terms = objective(
            x,
            posterior=posterior(inputs[0]),
            prior=prior.distribution(),
            likelihood_fn=lambda z: likelihood(tf.broadcast_to(inputs[1], [*z.shape[:-1], 3])),
            seed=0,
            step=3,
        )
    for value in (*terms, *tape.gradient(terms.objective, inputs)):
        assert np.isfinite(value.numpy()).all()


def _with_dtype(config, dtype):
    """Returns the configuration of the same layer, and of the layers in it, of another dtype."""
    return json.loads(json.dumps(config).replace('"name": "float32"', f'"name": "{dtype}"'))


@given(st.data(), st.integers(0, 2**31))
def test_float32_tracks_float64(data, seed):
    """The same noise is not drawn in the two, so the posterior is one of almost no width."""
    drawn = keras.saving.serialize_keras_object(data.draw(strategies.likelihoods([3])))
    features = np.random.default_rng(seed).normal(size=[4, 2])
    weights = None
    log_probs = []
    for policy in ("float64", "float32"):
        layer = keras.saving.deserialize_keras_object(_with_dtype(drawn, policy))
        layer.build([None, 2])
        weights = layer.get_weights() if weights is None else weights
        layer.set_weights(weights)
        x = strategies.observed(layer, 4, seed).astype(policy)
        log_probs.append(layer(features.astype(policy)).log_prob(x).numpy())
    assert [log_prob.dtype.name for log_prob in log_probs] == ["float64", "float32"]
    np.testing.assert_allclose(log_probs[1], log_probs[0], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("scale", [0.7, 0.1])
def test_a_fixed_scale_keeps_its_digits_in_float64(scale, float64):
    layer = likelihoods.Normal([2], scale=scale)
    assert (layer(np.zeros([1, 2])).stddev().numpy() == scale).all()
