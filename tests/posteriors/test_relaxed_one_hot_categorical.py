"""Categorical latents, relaxed: their law, their temperature and what they go with."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import integrate, special

import tfp_vae
from tfp_vae import distributions, likelihoods, networks, posteriors, priors
from tfp_vae.testing import assert_mean

BINARY = np.random.default_rng(0).integers(0, 2, size=[23, 4]).astype("float32")
LOGITS = np.random.default_rng(1).normal(size=[2, 3])
KEY = tf.constant([3, 4])


def _relaxed(temperature=0.7, logits=LOGITS):
    return distributions.RelaxedOneHotCategorical(tf.constant(temperature, tf.float64), logits)


def _log_density(x, logits, temperature):
    """Returns the logarithm of the density of Maddison et al. (2017), definition 1."""
    count = x.shape[-1]
    constant = special.gammaln(count) + (count - 1) * np.log(temperature)
    each = logits - (temperature + 1) * np.log(x)
    total = special.logsumexp(logits - temperature * np.log(x), axis=-1)
    return constant + each.sum(axis=-1) - count * total


def test_density_is_that_of_the_paper():
    x = np.random.default_rng(2).dirichlet(np.ones(3), size=[5, 2])
    found = _relaxed().log_prob(x.reshape(5, 6))
    np.testing.assert_allclose(found, _log_density(x, LOGITS, 0.7).sum(axis=-1), rtol=1e-9)


def test_density_of_two_categories_has_integral_1():
    relaxed = _relaxed(logits=LOGITS[:1, :2])
    area, _ = integrate.quad(
        lambda first: float(tf.exp(relaxed.log_prob([first, 1.0 - first]))), 0.0, 1.0
    )
    assert area == pytest.approx(1.0, rel=1e-6)


def test_the_largest_number_has_the_probabilities_of_the_categories():
    """Six means: fails by chance once in 5 million runs."""
    draws = tf.reshape(_relaxed().sample(4000, seed=KEY), [4000, 2, 3]).numpy()
    assert_mean(draws == draws.max(axis=-1, keepdims=True), special.softmax(LOGITS, axis=-1))


def test_draws_have_the_mean_of_the_density():
    relaxed = _relaxed(logits=LOGITS[:1, :2])
    mean, _ = integrate.quad(
        lambda first: first * float(tf.exp(relaxed.log_prob([first, 1.0 - first]))), 0.0, 1.0
    )
    assert_mean(relaxed.sample(4000, seed=KEY)[:, 0].numpy(), mean)
    assert float(relaxed.mean()[0]) == pytest.approx(mean, abs=6 * float(relaxed.stddev()[0]) / 16)


def test_gradient_of_draws_is_that_of_finite_differences():
    logits, step = tf.constant(LOGITS), 1e-6

    def cubes(logits):
        return tf.reduce_sum(_relaxed(logits=logits).sample(7, seed=KEY) ** 3)

    with tf.GradientTape() as tape:
        tape.watch(logits)
        total = cubes(logits)
    found = tape.gradient(total, logits).numpy()
    for place in np.ndindex(*LOGITS.shape):
        moved = np.zeros_like(LOGITS)
        moved[place] = step
        slope = (cubes(LOGITS + moved) - cubes(LOGITS - moved)) / (2 * step)
        assert found[place] == pytest.approx(float(slope), rel=1e-5, abs=1e-7)


def test_draws_are_the_same_eagerly_and_under_xla():
    logits = tf.constant(LOGITS, tf.float32)

    def draw():
        return distributions.RelaxedOneHotCategorical(0.5, logits).sample(3, seed=KEY)

    np.testing.assert_allclose(draw(), tf.function(draw, jit_compile=True)(), rtol=1e-5)


@pytest.mark.parametrize("temperature", [0.05, 100.0])
def test_extreme_temperatures_and_logits_are_finite(temperature):
    logits = tf.constant([[-60.0, 0.0, 60.0]])
    with tf.GradientTape() as tape:
        tape.watch(logits)
        relaxed = distributions.RelaxedOneHotCategorical(temperature, logits)
        score = relaxed.log_prob(relaxed.sample(50, seed=KEY))
    assert np.isfinite(score).all()
    assert np.isfinite(tape.gradient(score, logits)).all()


def _vae(temperature):
    return tfp_vae.VAE(
        tfp_vae.Encoder(
            networks.mlp([5]), posteriors.RelaxedOneHotCategorical(2, 3, temperature=temperature)
        ),
        tfp_vae.Decoder(networks.mlp([5]), likelihoods.Bernoulli([4])),
        prior=priors.RelaxedOneHotCategorical(2, 3),
    )


def test_the_temperature_follows_training_and_is_saved(tmp_path):
    vae = _vae(keras.optimizers.schedules.PolynomialDecay(1.0, 10, 0.5))
    temperature = vae.encoder.posterior.present_temperature
    assert float(temperature()) == 1.0
    vae.compile(run_eagerly=True)
    vae.fit(BINARY, epochs=2, batch_size=8, verbose=0)
    assert float(temperature()) == pytest.approx(0.7)
    vae.evaluate(BINARY, verbose=0)
    vae.elbo(BINARY, seed=0)
    assert float(temperature()) == pytest.approx(0.7)
    vae.save(tmp_path / "vae.keras")
    loaded = keras.models.load_model(tmp_path / "vae.keras")
    assert float(loaded.encoder.posterior.present_temperature()) == pytest.approx(0.7)
    np.testing.assert_array_equal(loaded.elbo(BINARY, seed=0).elbo, vae.elbo(BINARY, seed=0).elbo)


def test_the_estimated_kl_is_declared():
    assert "Monte Carlo" in _vae(0.5).kl_declaration


def test_other_priors_are_refused():
    encoder = tfp_vae.Encoder(networks.mlp([5]), posteriors.RelaxedOneHotCategorical(2, 3))
    decoder = tfp_vae.Decoder(networks.mlp([5]), likelihoods.Bernoulli([4]))
    for prior in (priors.StandardNormal(), priors.RelaxedOneHotCategorical(3, 2)):
        with pytest.raises(ValueError, match=r"of which every 3 add up to 1.* got "):
            tfp_vae.VAE(encoder, decoder, prior=prior)


@pytest.mark.parametrize("kind", [posteriors, priors])
@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((0, 3), ValueError, "`latent_variables` must be a positive int"),
        ((2, 1), ValueError, "`categories` must be at least 2; got 1"),
        ((2, 3, 0.0), ValueError, "`temperature` must be"),
        ((2, 3, "hot"), TypeError, "`temperature` must be a number"),
    ],
)
def test_wrong_arguments_are_named(kind, arguments, error, message):
    with pytest.raises(error, match=message):
        kind.RelaxedOneHotCategorical(*arguments)
