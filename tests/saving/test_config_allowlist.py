"""`tfp_vae.load` on configurations of untrusted files: nothing is run."""

import keras
import numpy as np
import pytest

import tfp_vae
from tests.support import untrusted_models
from tests.support.small_models import BINARY, small_vae
from tests.support.untrusted_models import CONFIG


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
        untrusted_models.refused(path, "a Lambda, which would run code from the file")
    finally:
        keras.src.backend.common.global_state.set_global_attribute("safe_mode_saving", None)
    assert not marker.exists()


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
        (dense(module="os", class_name="system"), r"'os\.system', which is part of neither Keras"),
        (dense(module="kerasx.layers"), r"kerasx\.layers\.Dense"),
        (dense(module="tfp_vae.paths", class_name="as_path"), r"tfp_vae\.paths\.as_path"),
        (dense(module="tfp_vae_cli.app", class_name="run"), r"tfp_vae_cli\.app\.run"),
        (dense(module=["os"]), "by something other than a string"),
        (dense(module="keras.utils", class_name="get_file"), r"keras\.utils\.get_file"),
        (dense(class_name="TFSMLayer", config={"filepath": "x"}), "a TFSMLayer, which would"),
        (dense(class_name="TorchModuleWrapper"), "a TorchModuleWrapper, which would run"),
        (dense(registered_name="x>Lambda", class_name="Lambda"), "a Lambda, which would run"),
        (dense(class_name="__lambda__"), "a __lambda__, which would run"),
        (dense(registered_name="stranger>Stranger"), "'stranger>Stranger', which is part of"),
        (dense_config(activation="stranger>Stranger"), "'stranger>Stranger', which is part of"),
        (dense(registered_name="tfp_vae>Nothing"), "'tfp_vae>Nothing', which this version"),
        (function("os", "system"), r"os\.system"),
        (function("keras.config", "enable_unsafe_deserialization"), "part of neither Keras"),
        (function("keras.saving", "load_model"), "part of neither Keras"),
        (function("keras.models", "load_model"), "no function that a network computes with"),
        (function("keras.src.utils.file_utils", "get_file"), "no function that a network computes"),
        (function("keras", "Model"), "no function that a network computes with"),
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
        tmp_path / "vae.keras", "'stranger>Stranger', which is part of neither Keras nor"
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
