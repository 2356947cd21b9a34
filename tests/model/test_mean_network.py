"""Encoders and decoders inside Keras models."""

import keras
import numpy as np
import pytest

from tests.support.small_models import BINARY, small_vae
from tfp_vae import likelihoods

LATENT_SIZE = 2


@pytest.fixture
def adapted():
    vae = small_vae()
    vae.adapt(BINARY)
    return vae


def test_an_encoder_makes_features_in_a_functional_model(adapted):
    inputs = keras.Input(BINARY.shape[1:])
    features = keras.Model(inputs, adapted.encoder.mean_network()(inputs))
    assert features.output_shape == (None, LATENT_SIZE)
    expected = adapted.encoder(BINARY).mean()
    np.testing.assert_allclose(features.predict(BINARY, verbose=0), expected, rtol=1e-6, atol=1e-6)


def test_a_decoder_makes_means_or_codes():
    z = np.random.default_rng(0).normal(size=[5, LATENT_SIZE]).astype("float32")
    for likelihood in (likelihoods.Bernoulli([4]), likelihoods.Categorical([4], 3)):
        vae = small_vae(likelihood=likelihood)
        inputs = keras.Input([LATENT_SIZE])
        means = keras.Model(inputs, vae.decoder.mean_network()(inputs))
        assert means.output_shape == (None, 4)
        expected = likelihood.prediction(vae.decoder(z))
        np.testing.assert_allclose(means.predict(z, verbose=0), expected, rtol=1e-6)


@pytest.mark.filterwarnings("ignore:Gradients do not exist")
def test_a_classifier_on_top_trains_the_encoder(adapted):
    labels = np.arange(len(BINARY)) % 3
    network = adapted.encoder.mean_network()
    classifier = keras.Sequential([keras.Input([4]), network, keras.layers.Dense(3)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    classifier.compile("adam", loss, run_eagerly=True)
    before = adapted.encoder(BINARY).mean().numpy()
    classifier.fit(BINARY, labels, verbose=0)
    assert (adapted.encoder(BINARY).mean().numpy() != before).any()


def test_its_weights_are_saved_and_its_configuration_is_refused(adapted, tmp_path):
    inputs = keras.Input([4])
    features = keras.Model(inputs, adapted.encoder.mean_network()(inputs))
    before = features.predict(BINARY, verbose=0)
    features.save_weights(tmp_path / "features.weights.h5")
    for variable in features.trainable_variables:
        variable.assign(variable + 1.0)
    features.load_weights(tmp_path / "features.weights.h5")
    np.testing.assert_array_equal(features.predict(BINARY, verbose=0), before)
    with pytest.raises(NotImplementedError, match="must be saved by `save_weights`"):
        features.save(tmp_path / "features.keras")


def test_a_symbolic_tensor_is_refused_with_advice(adapted):
    for part, size in ((adapted.encoder, 4), (adapted.decoder, LATENT_SIZE)):
        with pytest.raises(TypeError, match=r"got a symbolic KerasTensor: .* `mean_network\(\)`"):
            part(keras.Input([size]))
