"""Loads a `.keras` file that may come from anyone: checked before Keras sees it."""

import tempfile
import textwrap
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import keras

from tfp_vae.saving.archive import CONFIG, WEIGHTS, read_members, write_members
from tfp_vae.saving.config_allowlist import check_config
from tfp_vae.saving.weights_file import check_same, read_weights, room_for

_LONGEST_REASON = 300
Model = TypeVar("Model", bound=keras.Model)


def load_checked(file: Path, custom_objects: Mapping[str, Any], kind: type[Model]) -> Model:
    """Loads a model whose archive, classes and arrays have been checked.

    Args:
      file: The file.
      custom_objects: Classes and functions that it may name besides those of Keras and tfp_vae.
      kind: The class of the model.

    Raises:
      ValueError: If the file is broken, names what is not allowed, or holds another model.
    """
    try:
        return _loaded(file, dict(custom_objects), kind)
    except Exception as error:
        # What a broken or hostile file makes Keras, HDF5 and zlib raise is of many kinds.
        # Keras prints the whole configuration first, and what is wrong with it last.
        message = str(error).rpartition("Exception encountered: ")[2] or type(error).__name__
        reason = textwrap.shorten(message, _LONGEST_REASON, placeholder=" ...").rstrip(".")
        raise ValueError(f"{file.name!r} cannot be loaded as a model: {reason}.") from error


def _loaded(file: Path, custom_objects: dict[str, Any], kind: type[Model]) -> Model:
    members = read_members(file)
    check_config(members[CONFIG], custom_objects)
    weights = read_weights(members[WEIGHTS])
    with tempfile.TemporaryDirectory() as folder:
        # Keras reads what was checked, and not the file, which may change or be read otherwise.
        checked = Path(folder) / "checked.keras"
        write_members(members, checked)
        with room_for(weights), warnings.catch_warnings():
            warnings.filterwarnings("error", "Skipping variable loading")
            model = keras.models.load_model(checked, custom_objects=custom_objects, safe_mode=True)
        if not isinstance(model, kind):
            raise ValueError(f"it holds a {type(model).__name__}; expected a {kind.__name__}")
        again = Path(folder) / "again.weights.h5"
        model.save_weights(again)
        check_same(weights, read_weights(again.read_bytes()))
    return model
