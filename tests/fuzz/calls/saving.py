"""The calls that save a model, load one, or show what it is made of."""

import tempfile
import unittest.mock
from pathlib import Path

import tfp_vae
from tests.fuzz.call import Call
from tests.fuzz.fuzzed_models import model
from tests.fuzz.written_files import FOLDER, written


def _loaded(vae, given):
    for one, other in zip(vae.get_weights(), model("binary").get_weights(), strict=True):
        assert one.shape == other.shape


def _save(filepath):
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        is_right = isinstance(filepath, str) and filepath == "right"
        own = f"{folder}/vae.keras" if is_right else filepath
        model("binary").save(own)
        if is_right:
            tfp_vae.load(own)


class _Archive:
    """What Keras exports with; here it makes an empty folder."""

    def track(self, model):
        del model

    def add_endpoint(self, *_, **__):
        pass

    def write_out(self, folder, verbose):
        del verbose
        Path(folder).mkdir()


def _export(**given):
    with unittest.mock.patch("keras.export.ExportArchive", _Archive):
        model("binary").export(**given)


CALLS = {
    "load": Call(
        tfp_vae.load, lambda: {"path": written()["model"]}, _loaded, paths=("path",)
    ),
    "VAE.save": Call(_save, lambda: {"filepath": "right"}, paths=("filepath",)),
    "VAE.export": Call(
        _export,
        lambda: {"filepath": FOLDER / "served", "format": "tf_saved_model"},
        of=lambda filepath, format: None,  # noqa: A006
        paths=("filepath",),
    ),
    "VAE.summary": Call(
        lambda **given: model("binary").summary(**given),
        lambda: {"print_fn": lambda *_, **__: None},
        of=lambda print_fn: None,
    ),
}  # fmt: skip
