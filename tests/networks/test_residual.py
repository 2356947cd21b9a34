"""Residual networks: identities at first, mirrors of one another, and images that do not divide."""

import keras
import numpy as np
import pytest

import tfp_vae
from tfp_vae import likelihoods, networks, posteriors


def test_a_block_begins_as_the_identity_and_learns():
    block = networks.ResidualBlock()
    features = np.random.default_rng(0).normal(size=[2, 5, 4, 3]).astype("float32")
    np.testing.assert_array_equal(block(features), features)
    block.second.kernel.assign(np.ones_like(block.second.kernel))
    assert np.abs(block(features) - features).max() > 0.1


def test_shapes_are_divided_and_multiplied_back():
    features = networks.residual([4, 6], 1)(np.zeros([2, 8, 12, 3]))
    assert features.shape == (2, 2, 3, 6)
    back = networks.residual_transpose([6, 4], [8, 12, 3], 1, latent_channels=6)
    assert back(np.zeros([2, 2 * 3 * 6])).shape == (2, 8, 12, 4)
    dense = networks.residual_transpose([6, 4], [8, 12], 1)
    assert dense(np.zeros([2, 10])).shape == (2, 8, 12, 4)
    assert networks.residual([4], 0, strides=3)(np.zeros([1, 9, 6, 1])).shape == (1, 3, 2, 4)


def test_a_configuration_makes_an_equal_network():
    for network in (
        networks.residual([4, 6], 1, activation="relu"),
        networks.residual_transpose([4], [4, 4], 2, latent_channels=3),
    ):
        again = keras.Sequential.from_config(network.get_config())
        assert again.get_config() == network.get_config()


def test_an_image_that_does_not_divide_is_refused_in_one_sentence():
    message = r"`x` must have a height and a width that are multiples of 2, .*got \[7, 7\]: crop"
    with pytest.raises(ValueError, match=message):
        networks.residual([4, 4])(np.zeros([1, 14, 14, 1]))
    with pytest.raises(ValueError, match=r"`event_shape` must have .* multiples of 4.*\[14, 14\]"):
        networks.residual_transpose([4, 4], [14, 14, 1])
    with pytest.raises(ValueError, match=r"multiples of 2, .*got \[7, 7\]"):
        tfp_vae.VAE(
            tfp_vae.Encoder(networks.residual([4]), posteriors.SpatialNormal([4, 4, 1])),
            tfp_vae.Decoder(networks.mlp([4]), likelihoods.Bernoulli([7, 7, 1])),
        )


@pytest.mark.parametrize(
    ("make", "error", "name"),
    [
        (lambda: networks.residual([]), ValueError, "filters"),
        (lambda: networks.residual([4], blocks=-1), ValueError, "blocks"),
        (lambda: networks.residual([4], strides=0), ValueError, "strides"),
        (lambda: networks.residual([4], kernel_size=0), ValueError, "kernel_size"),
        (lambda: networks.residual([4], activation="rellu"), ValueError, "activation"),
        (lambda: networks.residual_transpose([4], [4]), ValueError, "event_shape"),
        (
            lambda: networks.residual_transpose([4], [4, 4], latent_channels=0),
            ValueError,
            "latent_channels",
        ),
        (lambda: networks.ResidualBlock(2.5), TypeError, "kernel_size"),
    ],
)
def test_wrong_arguments_are_named(make, error, name):
    with pytest.raises(error, match=f"`{name}` must"):
        make()
