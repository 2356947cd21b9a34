"""The default path of a network is the faster one, and every path ends in the same weights."""

import keras
import numpy as np
import pytest

import tfp_vae
from tests.support.small_models import BINARY, small_vae
from tfp_vae import likelihoods, networks, posteriors

IMAGES = np.random.default_rng(0).integers(0, 2, [24, 8, 8, 1]).astype("float32")


def convolutional():
    keras.utils.set_random_seed(0)
    return tfp_vae.VAE(
        tfp_vae.Encoder(networks.conv([4]), posteriors.MultivariateNormalDiag(2)),
        tfp_vae.Decoder(networks.conv_transpose([4], [8, 8, 1]), likelihoods.Bernoulli([8, 8, 1])),
    )


def recurrent():
    keras.utils.set_random_seed(0)
    trunk = keras.Sequential([keras.layers.Reshape([2, 2]), keras.layers.GRU(3)])
    return small_vae(encoder_trunk=trunk)


def of_volumes():
    layers = [keras.layers.Reshape([2, 2, 1, 1]), keras.layers.Conv3D(2, 1), keras.layers.Flatten()]
    return small_vae(encoder_trunk=keras.Sequential(layers))


def spatial():
    layers = [keras.layers.Reshape([2, 2]), keras.layers.SpatialDropout1D(0.1)]
    return small_vae(encoder_trunk=keras.Sequential(layers))


def drawing(layer):
    return lambda: small_vae(encoder_trunk=keras.Sequential([keras.layers.Dense(5), layer]))


@pytest.mark.parametrize(
    ("make", "xla"),
    [
        (small_vae, True),
        (recurrent, True),
        (convolutional, False),
        (of_volumes, False),
        (drawing(keras.layers.Dropout(0.1)), False),
        (drawing(keras.layers.Dropout(0.0)), True),
        (spatial, True),
        (drawing(keras.layers.GaussianNoise(0.1)), False),
        (drawing(keras.layers.GaussianDropout(0.1)), False),
        (drawing(keras.layers.AlphaDropout(0.1)), False),
        (drawing(networks.mlp([5], dropout=0.1)), False),
    ],
)
def test_on_a_cpu_what_xla_makes_slower_is_compiled_without_it(make, xla):
    vae = make()
    vae.compile()
    assert vae.jit_compile == xla
    lines = []
    vae.summary(print_fn=lines.append)
    assert lines[-3] == f" Training: compiled {'with' if xla else 'without'} XLA"
    for choice in (True, False):
        vae.compile(jit_compile=choice)
        assert vae.jit_compile == choice


def test_the_choice_of_a_saved_model_is_made_anew(tmp_path):
    vae = convolutional()
    vae.compile()
    vae.save(tmp_path / "vae.keras")
    loaded = tfp_vae.load(tmp_path / "vae.keras")
    assert loaded.get_compile_config()["jit_compile"] == "auto"
    assert not loaded.jit_compile


@pytest.mark.parametrize(
    "make", [convolutional, pytest.param(recurrent, marks=pytest.mark.nightly)]
)
def test_the_weights_are_the_same_with_xla_and_without(make):
    x = IMAGES if make is convolutional else BINARY
    weights = []
    for choice in (True, False):
        vae = make()
        vae.compile(keras.optimizers.Adam(0.01), jit_compile=choice)
        keras.utils.set_random_seed(1)
        vae.fit(x, epochs=2, batch_size=8, verbose=0)
        weights.append(vae.get_weights())
    for one, other in zip(*weights, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5)
