"""A corruption spoils what the encoder sees in training, and nothing else."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfp_vae
from tests.support.small_models import BINARY, REAL, eager_vae, small_vae
from tfp_vae import likelihoods, networks

LAYERS = {
    "Gaussian": lambda: networks.GaussianCorruption(0.5),
    "masking": lambda: networks.MaskingCorruption(0.5),
    "Keras noise": lambda: keras.layers.GaussianNoise(0.5),
    "dropout": lambda: keras.layers.Dropout(0.5),
}
SEED = tf.constant([1, 2])


def denoising(layer, likelihood=None, **options):
    return small_vae(likelihood or likelihoods.Normal([4]), corruption=layer, **options)


@pytest.mark.parametrize("name", LAYERS)
def test_the_encoder_sees_it_in_training_alone_and_the_likelihood_never(name):
    keras.utils.set_random_seed(0)
    vae = denoising(LAYERS[name]())
    clean = vae.distributions(REAL, SEED)
    spoilt = vae.distributions(REAL, SEED, training=True)
    np.testing.assert_array_equal(clean.x, REAL)
    np.testing.assert_array_equal(spoilt.x, REAL)
    assert (clean.posterior.mean() != spoilt.posterior.mean()).numpy().all(axis=-1).any()
    np.testing.assert_array_equal(vae.posterior(REAL).mean(), clean.posterior.mean())


@pytest.mark.parametrize("name", ["Gaussian", "masking"])
def test_the_spoilt_input_depends_on_the_seed_alone(name):
    vae = denoising(LAYERS[name]())
    one, same, other = (
        vae.distributions(REAL, seed, training=True).posterior.mean()
        for seed in (SEED, SEED, SEED + 1)
    )
    np.testing.assert_array_equal(one, same)
    assert (one != other).numpy().any()


def test_the_elbo_in_training_is_that_of_the_posterior_of_the_spoilt_row():
    """log p(x|z) - KL with z drawn from q(z|spoilt x), for the terms that training maximises."""
    vae = denoising(networks.MaskingCorruption(0.5))
    terms = vae.objective_terms(tf.constant(REAL), SEED, 0, training=True)
    seed = tfp_vae.seeds.split(SEED, 2)[0]
    spoilt = vae.pipeline.corrupted(tf.constant(REAL), seed)
    exact = vae.posterior(spoilt).kl_divergence(vae.prior())
    np.testing.assert_allclose(terms.kl_divergence, exact, rtol=1e-5)


def test_values_stay_within_the_support():
    vae = denoising(networks.GaussianCorruption(5.0), likelihoods.ContinuousBernoulli([4]))
    spoilt = vae.pipeline.corrupted(tf.constant(BINARY), SEED).numpy()
    assert spoilt.min() >= 0.0
    assert spoilt.max() <= 1.0
    counts = denoising(networks.GaussianCorruption(5.0), likelihoods.Poisson([4]))
    assert counts.pipeline.corrupted(tf.constant(BINARY), SEED).numpy().min() == 0.0


def test_masking_sets_a_share_of_values_to_zero_and_leaves_the_others():
    """A share of 0.3 of 10,000 values has a standard error of 0.005: six of them."""
    masked = networks.MaskingCorruption(0.3)(np.full([100, 100], 2.0), seed=0).numpy()
    assert set(np.unique(masked)) == {0.0, 2.0}
    assert abs((masked == 0.0).mean() - 0.3) < 0.03


def test_noise_has_the_standard_deviation_wanted():
    """That of 10,000 values has a relative standard error of 0.007: six of them."""
    noisy = networks.GaussianCorruption(0.2)(np.ones([100, 100]), seed=0).numpy()
    assert abs(noisy.std() / 0.2 - 1.0) < 0.042
    assert abs(noisy.mean() - 1.0) < 0.012


def test_a_trained_model_denoises():
    """Rows on a line, with noise: the reconstruction is nearer to the clean row than the input."""
    generator = np.random.default_rng(0)
    clean = (generator.normal(size=[400, 1]) * np.ones([1, 6])).astype("float32")
    vae = tfp_vae.VAE(
        tfp_vae.Encoder(networks.mlp([16]), tfp_vae.posteriors.MultivariateNormalDiag(1)),
        tfp_vae.Decoder(networks.mlp([16]), likelihoods.Normal([6])),
        corruption=networks.GaussianCorruption(0.5),
    )
    vae.compile(keras.optimizers.Adam(0.01), jit_compile=False)
    vae.fit(clean, epochs=20, batch_size=50, verbose=0)
    noisy = clean + generator.normal(scale=0.5, size=clean.shape).astype("float32")
    before, after = (np.mean((x - clean) ** 2) for x in (noisy, vae.predict(noisy, verbose=0)))
    assert after < 0.5 * before


def test_it_is_saved_with_the_model(tmp_path):
    vae = eager_vae(likelihoods.Normal([4]), corruption=networks.MaskingCorruption(0.25))
    vae.fit(REAL, verbose=0)
    vae.save(tmp_path / "vae.keras")
    for loaded in (
        keras.models.load_model(tmp_path / "vae.keras"),
        tfp_vae.load(tmp_path / "vae.keras"),
    ):
        assert loaded.corruption.rate == 0.25
        loaded.fit(REAL, verbose=0)


@pytest.mark.parametrize(
    ("layer", "kind", "words"),
    [
        (0.1, TypeError, "`corruption` must be a Layer, such as networks.GaussianCorruption"),
        (keras.layers.Flatten(), None, ""),
        (keras.layers.Dense(3), ValueError, r"must keep the shape of rows, \[4\]; got \[3\]"),
        (keras.layers.Conv2D(1, 3), ValueError, r"`corruption` must take rows of shape \[4\]"),
    ],
)
def test_a_layer_that_cannot_be_it_is_refused(layer, kind, words):
    if kind is None:
        denoising(layer)
        return
    with pytest.raises(kind, match=words):
        denoising(layer)


@pytest.mark.parametrize("value", [0.0, 1.0, -1.0, 2.0])
def test_a_rate_is_a_probability(value):
    with pytest.raises(ValueError, match="`rate` must be"):
        networks.MaskingCorruption(value)
