"""`tfp_vae.load` on files from strangers: nothing is run, and no model is loaded by half."""

import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest

import tfp_vae
from tests.support import untrusted_models
from tests.support.small_models import BINARY, compiled_vae, small_vae
from tests.support.untrusted_models import CONFIG, WEIGHTS
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
    untrusted_models.refused(tmp_path / "other.keras", "holds a Sequential; expected a VAE")


@pytest.mark.parametrize("unsafe", [False, True])
def test_a_lambda_is_never_run(tmp_path, unsafe):
    marker = tmp_path / "marker"
    path = untrusted_models.with_a_lambda(tmp_path, marker)
    keras.models.load_model(path, safe_mode=False).elbo(BINARY, seed=0)
    assert marker.exists(), "the Lambda does no harm, and this test proves nothing"
    marker.unlink()
    try:
        if unsafe:
            keras.config.enable_unsafe_deserialization()
        untrusted_models.refused(path, "a Lambda, which would run code that comes with the file")
    finally:
        keras.src.backend.common.global_state.set_global_attribute("safe_mode_saving", None)
    assert not marker.exists()


def test_a_pickle_is_never_read(tmp_path, path):
    marker = tmp_path / "marker"
    untrusted_models.refused(
        untrusted_models.pickle_file(tmp_path / "pickle.keras", marker), "not a zip file"
    )
    untrusted_models.refused(
        untrusted_models.with_pickled_weights(path, marker), "'model.weights.npz', which Keras"
    )
    assert not marker.exists()


@pytest.mark.parametrize(
    "name",
    [
        "../../x",
        "/etc/x",
        "C:\\x",
        "..\\x",
        "assets/../../x",
        "assets/./../x",
        "assets//x",
        "x.py",
        "config.json/x",
        "Config.json",
        "assets/\n",
    ],
)
def test_members_that_keras_does_not_write_are_refused(tmp_path, path, name):
    before = sorted(tmp_path.parent.rglob("*"))
    untrusted_models.refused(
        untrusted_models.with_member(path, name, b"x"), "which Keras does not write"
    )
    assert sorted(tmp_path.parent.rglob("*")) == before


def test_two_members_of_one_name_are_refused(path):
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr(CONFIG, b"{}")
    untrusted_models.refused(path, "2 members 'config.json'")


@pytest.mark.parametrize("name", [CONFIG, WEIGHTS])
def test_a_member_that_is_not_there_is_named(path, name):
    members = untrusted_models.members_of(path)
    del members[name]
    untrusted_models.refused(untrusted_models.archive_of(members, path), f"no member '{name}'")


def test_a_bomb_is_not_unpacked(path):
    members = {**untrusted_models.members_of(path), "assets/zeros": bytes(2**24)}
    untrusted_models.archive_of(members, path, zipfile.ZIP_DEFLATED)
    untrusted_models.refused(path, r"its archive of \d+ bytes declares \d+ bytes")


def part_named(config, name):
    """Returns the first part of a configuration whose class has this name."""
    if isinstance(config, dict):
        if config.get("class_name") == name:
            return config
        config = list(config.values())
    for each in config if isinstance(config, list) else []:
        found = part_named(each, name)
        if found is not None:
            return found
    return None


@keras.saving.register_keras_serializable(package="stranger")
class Stranger(keras.layers.Layer):
    def call(self, x):
        return x


def dense(**changes):
    return lambda config: part_named(config, "Dense").update(changes)


def dense_config(**changes):
    return lambda config: part_named(config, "Dense")["config"].update(changes)


def function(module, name):
    return dense_config(
        activation={
            "module": module,
            "class_name": "function",
            "config": name,
            "registered_name": name,
        }
    )


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (dense(module="os", class_name="system"), r"names 'os\.system', which is neither of Keras"),
        (dense(module="kerasx.layers"), r"kerasx\.layers\.Dense"),
        (dense(module="tfp_vae.cli.app", class_name="run"), r"tfp_vae\.cli\.app\.run"),
        (dense(module=["os"]), "by something that is no text"),
        (dense(module="keras.utils", class_name="get_file"), r"keras\.utils\.get_file"),
        (dense(class_name="TFSMLayer", config={"filepath": "x"}), "a TFSMLayer, which would"),
        (dense(class_name="TorchModuleWrapper"), "a TorchModuleWrapper, which would run"),
        (dense(registered_name="x>Lambda", class_name="Lambda"), "a Lambda, which would run"),
        (dense(class_name="__lambda__"), "a __lambda__, which would run"),
        (dense(registered_name="stranger>Stranger"), "'stranger>Stranger', which is neither"),
        (dense_config(activation="stranger>Stranger"), "'stranger>Stranger', which is neither"),
        (dense(registered_name="tfp_vae>Nothing"), "'tfp_vae>Nothing', which this version"),
        (function("os", "system"), r"os\.system"),
        (function("keras.config", "enable_unsafe_deserialization"), "neither of Keras"),
        (function("keras.saving", "load_model"), "neither of Keras"),
        (function("keras.models", "load_model"), "not a modeling function"),
        (dense_config(units=10**9), "asks for more weights than the file holds"),
        (dense_config(units="many"), "cannot be loaded"),
        (dense_config(nothing=1), "cannot be loaded"),
        (lambda config: config["config"].update(decoder=None), "`decoder` must be a Decoder"),
        (lambda config: config["config"].update(nothing=1), "nothing"),
        (lambda config: part_named(config, "Bernoulli")["config"].update(event_shape=[10**9, 10]),
         r"event_shape \[1000000000, 10\]"),
        (lambda config: config.clear(), "describes no model"),
        (lambda config: config.update(compile_config={"optimizer": "none"}), "cannot be loaded"),
    ],
)  # fmt: skip
def test_a_configuration_may_name_only_keras_and_tfp_vae(path, edit, message):
    untrusted_models.refused(untrusted_models.with_config(path, edit), message)
    assert not keras.src.saving.serialization_lib.in_safe_mode()


def test_text_that_is_no_configuration_is_refused(path):
    members = untrusted_models.members_of(path)
    for content in (b"", b"[]", b"null", b"{", b"\xff", b"[" * 100_000, b'{"class_name": "VAE"}'):
        untrusted_models.refused(
            untrusted_models.archive_of({**members, CONFIG: content}, path), "cannot be loaded"
        )


def test_a_class_of_ones_own_is_loaded_when_it_is_passed(tmp_path):
    vae = small_vae(preprocess=Stranger())
    vae.save(tmp_path / "vae.keras")
    untrusted_models.refused(
        tmp_path / "vae.keras", "'stranger>Stranger', which is neither of Keras nor"
    )
    loaded = tfp_vae.load(tmp_path / "vae.keras", custom_objects={"stranger>Stranger": Stranger})
    np.testing.assert_array_equal(vae.elbo(BINARY, seed=1).elbo, loaded.elbo(BINARY, seed=1).elbo)


def test_a_vocabulary_is_not_read_from_elsewhere(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("a\nb\n")
    vae = small_vae(preprocess=keras.layers.Rescaling(1.0))
    vae.save(tmp_path / "vae.keras")
    untrusted_models.with_config(
        tmp_path / "vae.keras",
        lambda config: part_named(config, "Rescaling").update(
            class_name="StringLookup", config={"vocabulary": str(secret)}
        ),
    )
    untrusted_models.refused(tmp_path / "vae.keras", "vocabulary")


def test_arguments_of_the_wrong_kind_are_named(tmp_path):
    with pytest.raises(TypeError, match=r"`path` must be a path, such as 'vae.keras'; got a int"):
        tfp_vae.load(3)
    with pytest.raises(TypeError, match="`custom_objects` must be a dict of classes"):
        tfp_vae.load(tmp_path / "vae.keras", custom_objects=[Stranger])
    with pytest.raises(FileNotFoundError, match="There is no model at"):
        tfp_vae.load(tmp_path / "vae.keras")
    with pytest.raises(FileNotFoundError, match="There is no model at"):
        tfp_vae.load(tmp_path)
