"""Loads an untrusted `.keras` file: checked before Keras reads it."""

import json
import re
import tempfile
import textwrap
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import keras

from tfp_vae.saving.archive import CONFIG, METADATA, WEIGHTS, read_members, write_members
from tfp_vae.saving.config_allowlist import check_config
from tfp_vae.saving.weights_file import check_same, read_weights, room_for

_LONGEST_REASON = 300
_VERSION = re.compile(r"\d{1,3}\.\d{1,3}[.\w]{0,9}")
Model = TypeVar("Model", bound=keras.Model)


def load_checked(file: Path, custom_objects: Mapping[str, Any], kind: type[Model]) -> Model:
    """Checks the archive, classes and arrays of a file, and loads its model.

    Args:
      file: The file.
      custom_objects: Classes and functions that it may name, other than those of Keras and tfp_vae.
      kind: The class of the model.

    Raises:
      ValueError: If the file is broken, names something not allowed, or holds another model.
    """
    try:
        return _loaded(file, dict(custom_objects), kind)
    except Exception as error:
        # A broken or malicious file makes Keras, HDF5 and zlib raise errors of many types.
        # The message of Keras begins with the whole configuration; the reason comes last.
        message = str(error).rpartition("Exception encountered: ")[2] or type(error).__name__
        reason = textwrap.shorten(message, _LONGEST_REASON, placeholder=" ...").rstrip(".")
        reason += _newer_keras(file)
        raise ValueError(f"{file.name!r} cannot be loaded as a model: {reason}.") from error


def _newer_keras(file: Path) -> str:
    """Names the Keras that saved the file, if it is newer than the one here."""
    try:
        saved = json.loads(read_members(file)[METADATA])["keras_version"]
        newer = _VERSION.fullmatch(saved) and _numbers(saved) > _numbers(keras.__version__)
    except Exception:
        # As above: the file is broken, or says nothing of Keras.
        return ""
    return f"; it was saved with Keras {saved}, newer than {keras.__version__}" if newer else ""


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.split(".")[:2])


def _loaded(file: Path, custom_objects: dict[str, Any], kind: type[Model]) -> Model:
    members = read_members(file)
    check_config(members[CONFIG], custom_objects)
    weights = read_weights(members[WEIGHTS])
    with tempfile.TemporaryDirectory() as folder:
        # Keras reads the checked content, not the file, which may change in the meantime.
        checked = Path(folder) / "checked.keras"
        write_members(members, checked)
        with room_for(weights), warnings.catch_warnings():
            warnings.filterwarnings("error", "Skipping variable loading")
            model = keras.models.load_model(checked, custom_objects=custom_objects, safe_mode=True)
        if not isinstance(model, kind):
            raise ValueError(f"it must hold a {kind.__name__}; got a {type(model).__name__}")
        again = Path(folder) / "again.weights.h5"
        model.save_weights(again)
        check_same(weights, read_weights(again.read_bytes()))
    return model
