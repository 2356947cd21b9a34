"""Spatial latents: the parameters of a place come from that place, and ladders of them."""

import keras
import numpy as np
import pytest

import tfp_vae
from tfp_vae import likelihoods, networks, posteriors
from tfp_vae.testing import assert_close

IMAGES = np.random.default_rng(0).integers(0, 256, [6, 8, 8, 3])


def test_the_latents_of_a_place_depend_on_the_features_of_that_place_alone():
    layer = posteriors.SpatialNormal([4, 3, 2])
    features = np.random.default_rng(1).normal(size=[2, 4, 3, 5]).astype("float32")
    before = layer(features).mean().numpy().reshape(2, 4, 3, 2)
    features[:, 1, 2] += 1.0
    after = layer(features).mean().numpy().reshape(2, 4, 3, 2)
    changed = (before != after).any(axis=(0, 3))
    assert changed[1, 2]
    assert changed.sum() == 1
    # The same weights at every place.
    assert layer.count_params() == 2 * (5 * 2 + 2)


def test_scales_are_those_of_independent_normals():
    layer = posteriors.SpatialNormal([1, 2, 1], scale_floor=0.1)
    layer.build([None, 1, 2, 1])
    layer.heads["scale"].bias.assign([1000.0])
    layer.heads["scale"].kernel.assign([[0.0]])
    found = layer(np.zeros([3, 1, 2, 1], "float32"))
    assert_close(found.stddev(), np.full([3, 2], 1000.1), 1e-6)


def spatial_ladder():
    """Latents [4, 4, 2] and [2, 2, 1] of images of 8 by 8 pixels."""
    return tfp_vae.HierarchicalVAE(
        encoders=[
            tfp_vae.Encoder(networks.residual([6], 1), posteriors.SpatialNormal([4, 4, 2])),
            tfp_vae.Encoder(networks.residual([4], 1), posteriors.SpatialNormal([2, 2, 1])),
        ],
        decoders=[
            tfp_vae.Decoder(
                networks.residual_transpose([6], [8, 8, 3], 1, latent_channels=2),
                likelihoods.DiscretizedLogisticMixture([8, 8, 3], components=2),
            ),
            tfp_vae.Transition(
                networks.residual_transpose([6], [4, 4], 1, latent_channels=1),
                posteriors.SpatialNormal([4, 4, 2]),
            ),
        ],
    )


@pytest.mark.nightly
def test_a_ladder_of_spatial_latents_trains_and_is_saved(tmp_path):
    keras.utils.set_random_seed(0)
    vae = spatial_ladder()
    assert vae.latent_sizes == [32, 4]
    vae.compile(keras.optimizers.Adam(0.003), jit_compile=False, skip_gradients_above=1e5)
    x = np.clip(IMAGES[:, :1, :1] + np.random.default_rng(2).integers(-9, 9, IMAGES.shape), 0, 255)
    log = vae.fit(x, epochs=40, verbose=0).history
    assert log["elbo"][-1] > log["elbo"][0] + 10.0
    assert vae.sample(2, seed=0).shape == [2, 8, 8, 3]
    vae.save(tmp_path / "vae.keras")
    loaded = tfp_vae.load(tmp_path / "vae.keras")
    assert_close(loaded.elbo(x, seed=0).elbo, vae.elbo(x, seed=0).elbo)


@pytest.mark.parametrize(
    ("latent_shape", "error"), [([4, 4], ValueError), (4, TypeError), ([4, 0, 2], ValueError)]
)
def test_wrong_shapes_are_named(latent_shape, error):
    with pytest.raises(error, match="`latent_shape` must be"):
        posteriors.SpatialNormal(latent_shape)


def test_features_of_other_sides_are_named():
    with pytest.raises(ValueError, match="The network before SpatialNormal must give features"):
        posteriors.SpatialNormal([4, 4, 2])(np.zeros([2, 8, 8, 3]))
