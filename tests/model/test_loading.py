"""`tfp_vae.load` on files that `save` wrote, and on arguments of the wrong kind."""

from pathlib import Path

import keras
import numpy as np
import pytest

import tfp_vae
from tests.support import untrusted_models
from tests.support.small_models import BINARY, compiled_vae, small_vae
from tfp_vae import networks


def test_what_was_saved_is_loaded(tmp_path):
    vae = small_vae(preprocess=networks.StochasticBinarization())
    vae.compile("adam", run_eagerly=True)
    vae.fit(BINARY, verbose=0)
    vae.save(tmp_path / "vae.keras")
    loaded = tfp_vae.load(tmp_path / "vae.keras")
    np.testing.assert_array_equal(vae.elbo(BINARY, seed=1).elbo, loaded.elbo(BINARY, seed=1).elbo)
    for one, other in zip(vae.optimizer.variables, loaded.optimizer.variables, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_compiled_model_that_took_no_step_is_loaded(tmp_path):
    vae = compiled_vae()
    vae.save(tmp_path / "vae.keras")
    for one, other in zip(
        vae.get_weights(), tfp_vae.load(tmp_path / "vae.keras").get_weights(), strict=True
    ):
        np.testing.assert_array_equal(one, other)


@keras.saving.register_keras_serializable(package="stranger")
class Noted(keras.layers.Layer):
    note = ""

    def call(self, x):
        return x

    def save_assets(self, folder):
        Path(folder, "note.txt").write_text(self.note)

    def load_assets(self, folder):
        self.note = Path(folder, "note.txt").read_text()


def test_a_model_with_assets_is_loaded(tmp_path):
    layer = Noted()
    layer.note = "by hand"
    small_vae(preprocess=layer).save(tmp_path / "vae.keras")
    members = untrusted_models.members_of(tmp_path / "vae.keras")
    assert any(name.startswith("assets/") for name in members)
    loaded = tfp_vae.load(tmp_path / "vae.keras", custom_objects={"stranger>Noted": Noted})
    assert loaded.preprocess.note == "by hand"


def test_a_model_of_another_kind_is_refused(tmp_path):
    keras.Sequential([keras.Input([4]), keras.layers.Dense(3)]).save(tmp_path / "other.keras")
    untrusted_models.refused(tmp_path / "other.keras", "must hold a VAE; got a Sequential")


def test_arguments_of_the_wrong_kind_are_named(tmp_path):
    with pytest.raises(TypeError, match=r"`path` must be a path, such as 'vae.keras'; got a int"):
        tfp_vae.load(3)
    with pytest.raises(TypeError, match="`custom_objects` must be a dict of classes"):
        tfp_vae.load(tmp_path / "vae.keras", custom_objects=[Noted])
    with pytest.raises(FileNotFoundError, match="There is no model at"):
        tfp_vae.load(tmp_path / "vae.keras")
    with pytest.raises(FileNotFoundError, match="There is no model at"):
        tfp_vae.load(tmp_path)
