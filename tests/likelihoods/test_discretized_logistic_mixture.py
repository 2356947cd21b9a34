"""The mixture likelihood in models: colours, missing values, files, and bad input."""

import keras
import numpy as np
import pytest

import tfp_vae
from tfp_vae import likelihoods, networks, posteriors
from tfp_vae.testing import assert_close

COLOURS = np.random.default_rng(0).integers(0, 256, [12, 4, 4, 3])


def model(event_shape, **options):
    return tfp_vae.VAE(
        tfp_vae.Encoder(networks.conv([4]), posteriors.MultivariateNormalDiag(2)),
        tfp_vae.Decoder(
            networks.conv_transpose([4], event_shape),
            likelihoods.DiscretizedLogisticMixture(event_shape, components=3),
        ),
        **options,
    )


@pytest.mark.nightly
@pytest.mark.filterwarnings("ignore:`elbo` still climbs")
def test_colours_train_begin_at_their_marginals_and_are_saved(tmp_path):
    keras.utils.set_random_seed(0)
    # Three channels that are nearly equal, so that they depend on one another given z.
    grey = np.clip(
        COLOURS[..., :1] + np.random.default_rng(1).integers(-2, 3, COLOURS.shape), 0, 255
    )
    vae = model([4, 4, 3])
    vae.compile(keras.optimizers.Adam(0.01), jit_compile=False)
    vae.adapt(grey)
    before = np.mean(vae.elbo(grey, seed=0).log_likelihood)
    vae.fit(grey, epochs=100, batch_size=12, verbose=0)
    assert np.mean(vae.elbo(grey, seed=0).log_likelihood) > before + 5.0
    draws = vae.sample(3, seed=0).numpy()
    assert draws.shape == (3, 4, 4, 3)
    assert set(np.unique(draws)) <= set(range(256))
    vae.save(tmp_path / "vae.keras")
    loaded = tfp_vae.load(tmp_path / "vae.keras")
    assert_close(loaded.elbo(grey, seed=0).elbo, vae.elbo(grey, seed=0).elbo)


def test_values_of_one_channel_may_be_missing_and_colours_may_not():
    vae = model([4, 4, 1], missing_values=np.nan)
    x = COLOURS[..., :1].astype("float32")
    x[:, 0] = np.nan
    assert np.isfinite(vae.elbo(x, seed=0).elbo).all()
    with pytest.raises(ValueError, match="`missing_values` must be None unless the values are ind"):
        model([4, 4, 3], missing_values=np.nan)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"components": 0}, ValueError),
        ({"components": 2.5}, TypeError),
        ({"levels": 1}, ValueError),
        ({"scale_floor": -1.0}, ValueError),
    ],
)
def test_wrong_arguments_are_named(arguments, error):
    with pytest.raises(error, match=f"`{next(iter(arguments))}` must be"):
        likelihoods.DiscretizedLogisticMixture(**{"event_shape": [4], **arguments})
