import json

import keras
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import properties
import strategies
from oracles import LinearGaussian


@settings(max_examples=10)
@given(strategies.vaes_with_data())
def test_saving_and_loading_keeps_the_elbo(tmp_path_factory, vae_and_x):
    vae, x = vae_and_x
    path = tmp_path_factory.mktemp("saved") / "vae.keras"
    loaded = properties.check_saving_keeps_the_elbo(vae, x, path)
    assert json.dumps(loaded.get_config()) == json.dumps(vae.get_config())


@given(st.data())
def test_config_round_trip_is_a_fixed_point(data):
    blocks = [
        *(entry.layers(2) for entry in strategies.POSTERIORS.values()),
        *(layers(2) for layers in strategies.PRIORS.values()),
        *(entry.layers([3]) for entry in strategies.LIKELIHOODS.values()),
        *strategies.OBJECTIVES.values(),
        *strategies.SCHEDULES.values(),
        *(entry.networks for entry in strategies.NETWORKS.values()),
    ]
    for block in blocks:
        properties.check_config_is_a_fixed_point(data.draw(block))


@settings(max_examples=5)
@given(strategies.vaes())
def test_config_of_a_model_is_a_fixed_point(vae):
    properties.check_config_is_a_fixed_point(vae)


@pytest.mark.usefixtures("float64")
def test_a_model_of_float64_is_one_after_loading(tmp_path):
    model = LinearGaussian.drawn()
    vae = model.vae()
    vae.save(tmp_path / "vae.keras")
    keras.config.set_dtype_policy("float32")
    loaded = keras.models.load_model(tmp_path / "vae.keras")
    assert loaded.elbo(model.draws(2), seed=0).elbo.dtype == "float64"
