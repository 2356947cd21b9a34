import keras
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfp_vae.testing import LinearGaussian, assert_config_is_a_fixed_point, properties, strategies
from tfp_vae.testing.properties import Subject
from tfp_vae.testing.strategies.likelihood import LIKELIHOODS
from tfp_vae.testing.strategies.network import NETWORKS
from tfp_vae.testing.strategies.objective import OBJECTIVES, SCHEDULES
from tfp_vae.testing.strategies.posterior import POSTERIORS
from tfp_vae.testing.strategies.prior import PRIORS


@settings(max_examples=10)
@given(strategies.vaes_with_data())
def test_saving_and_loading_keeps_the_elbo(vae_and_x):
    properties.saving_and_loading_keeps_the_elbo(Subject(*vae_and_x))


@given(st.data())
def test_config_round_trip_is_a_fixed_point(data):
    blocks = [
        *(entry.layers(max(2, entry.smallest_latent_size)) for entry in POSTERIORS.values()),
        *(layers(2) for layers in PRIORS.values()),
        *(entry.layers([3]) for entry in LIKELIHOODS.values()),
        *OBJECTIVES.values(),
        *SCHEDULES.values(),
        *(entry.networks for entry in NETWORKS.values()),
    ]
    for block in blocks:
        assert_config_is_a_fixed_point(data.draw(block))


@settings(max_examples=5)
@given(strategies.vaes())
def test_config_of_a_model_is_a_fixed_point(vae):
    assert_config_is_a_fixed_point(vae)


@pytest.mark.usefixtures("float64")
def test_a_model_of_float64_is_one_after_loading(tmp_path):
    model = LinearGaussian.drawn()
    vae = model.vae()
    vae.save(tmp_path / "vae.keras")
    keras.config.set_dtype_policy("float32")
    loaded = keras.models.load_model(tmp_path / "vae.keras")
    assert loaded.elbo(model.draws(2), seed=0).elbo.dtype == "float64"
