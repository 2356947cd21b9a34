import json
import subprocess
import sys

import keras
import numpy as np
import pytest

from tests.support.small_models import BINARY, REAL, compiled_vae, small_vae
from tfp_vae import likelihoods, networks, objectives

_LOAD = """
import json, sys
import numpy as np
import keras
import tfp_vae
vae = keras.models.load_model(sys.argv[1])
x = np.load(sys.argv[2])
print(json.dumps(vae.elbo(x, seed=7).elbo.numpy().tolist()))
"""


def test_a_model_loads_in_another_process_with_the_same_elbo(tmp_path):
    vae = compiled_vae()
    vae.fit(BINARY, verbose=0)
    vae.save(tmp_path / "vae.keras")
    np.save(tmp_path / "x.npy", BINARY)
    run = subprocess.run(
        [sys.executable, "-c", _LOAD, tmp_path / "vae.keras", tmp_path / "x.npy"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    np.testing.assert_array_equal(np.float32(json.loads(run.stdout)), vae.elbo(BINARY, seed=7).elbo)


def test_training_goes_on_after_loading_as_it_would_have(tmp_path):
    vae = compiled_vae(objective=objectives.ELBO(objectives.LinearWarmUp(20)))
    vae.fit(BINARY, epochs=2, verbose=0)
    vae.save(tmp_path / "vae.keras")
    loaded = keras.models.load_model(tmp_path / "vae.keras")
    logs = []
    for model in (vae, loaded):
        keras.utils.set_random_seed(5)
        logs.append(model.fit(BINARY, epochs=2, verbose=0).history)
    assert logs[0] == logs[1]


@pytest.mark.parametrize("name", ["vae.h5", "vae.hdf5", "vae.tf", "vae"])
def test_a_model_is_saved_to_a_file_that_loads(name, tmp_path):
    with pytest.raises(ValueError, match=r"`filepath` must end in \.keras; got 'vae"):
        small_vae().save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "options",
    [
        {"preprocess": networks.StochasticBinarization()},
        {"preprocess": keras.layers.Rescaling(1.0)},
        {"objective": objectives.ELBO(keras.optimizers.schedules.PolynomialDecay(0.1, 6, 1.0))},
        {"name": "a_name_of_ones_own"},
    ],
)
def test_every_option_is_saved(options, tmp_path):
    vae = small_vae(**options)
    vae.save(tmp_path / "vae.keras")
    loaded = keras.models.load_model(tmp_path / "vae.keras")
    assert loaded.name == vae.name
    np.testing.assert_array_equal(vae.elbo(BINARY, seed=1).elbo, loaded.elbo(BINARY, seed=1).elbo)
    assert loaded.objective.get_config() == vae.objective.get_config()
    assert type(loaded.preprocess) is type(vae.preprocess)


def test_an_adapted_preprocess_layer_is_saved(tmp_path):
    layer = keras.layers.Normalization()
    layer.adapt(5.0 + 3.0 * REAL)
    vae = small_vae(likelihoods.Normal([4]), preprocess=layer)
    vae.save(tmp_path / "vae.keras")
    loaded = keras.models.load_model(tmp_path / "vae.keras")
    np.testing.assert_array_equal(vae.elbo(REAL, seed=1).elbo, loaded.elbo(REAL, seed=1).elbo)


def test_a_functional_trunk_is_saved(tmp_path):
    given = keras.Input([4])
    trunk = keras.Model(given, keras.layers.Dense(3)(given))
    vae = small_vae(encoder_trunk=trunk)
    vae.save(tmp_path / "vae.keras")
    loaded = keras.models.load_model(tmp_path / "vae.keras")
    np.testing.assert_array_equal(vae.elbo(BINARY, seed=1).elbo, loaded.elbo(BINARY, seed=1).elbo)


def test_the_encoders_weights_come_before_the_decoders():
    vae = small_vae()
    parts = [*vae.encoder.trainable_variables, *vae.decoder.trainable_variables]
    assert [id(weight) for weight in vae.trainable_variables] == [id(weight) for weight in parts]


def test_weights_alone_can_be_saved(tmp_path):
    vae, other = small_vae(), small_vae()
    vae.save_weights(tmp_path / "vae.weights.h5")
    other.load_weights(tmp_path / "vae.weights.h5")
    np.testing.assert_array_equal(vae.elbo(BINARY, seed=1).elbo, other.elbo(BINARY, seed=1).elbo)
