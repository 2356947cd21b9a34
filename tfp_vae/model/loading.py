"""Models from files, whoever wrote them."""

import os
import tempfile
import textwrap
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras

from tfp_vae.model.vae import VAE
from tfp_vae.paths import as_path
from tfp_vae.saving.archive import CONFIG, WEIGHTS, read_members, write_members
from tfp_vae.saving.config_allowlist import check_config
from tfp_vae.saving.weights_file import check_same, read_weights, room_for

_LONGEST_REASON = 300


def load(path: str | os.PathLike[str], custom_objects: Mapping[str, Any] | None = None) -> VAE:
    """Loads a model that `save` wrote, from a file that may come from anyone.

    Before Keras sees the file its archive is checked: its members, their sizes and checksums, the
    classes that it names and the arrays that it holds. Nothing that comes with it is run,
    `safe_mode` is always on, and the model has every weight of the file or there is none.

    Args:
      path: A `.keras` file.
      custom_objects: Classes and functions besides those of Keras and tfp_vae that the file may
        name, by class name or registered name. Only what you trust belongs there.

    Returns:
      The model, a `VAE` or a subclass of it, compiled as it was when it was saved.

    Raises:
      FileNotFoundError: If there is no such file.
      TypeError: If `path` is no path, or `custom_objects` no mapping.
      ValueError: If the file is broken, names what is not allowed, or holds no VAE.

    Example:
      >>> import tempfile
      >>> vae = tfp_vae.VAE.for_data(np.array([[0, 1, 1], [1, 0, 1]]), latent_size=2)
      >>> with tempfile.TemporaryDirectory() as folder:
      ...     vae.save(f"{folder}/vae.keras")
      ...     loaded = tfp_vae.load(f"{folder}/vae.keras")
      >>> loaded.event_shape
      (3,)
    """
    file = as_path(path, "path", "vae.keras")
    if not isinstance(custom_objects, (Mapping, type(None))):
        raise TypeError(
            "`custom_objects` must be a dict of classes by their names; got a "
            f"{type(custom_objects).__name__}."
        )
    if not file.is_file():
        raise FileNotFoundError(f"There is no model at {str(file)!r}.")
    try:
        model = _checked_model(file, dict(custom_objects or {}))
    except Exception as error:
        # What a broken or hostile file makes Keras, HDF5 and zlib raise is of many kinds.
        # Keras tells the whole configuration first, and what was wrong with it last.
        told = str(error).rpartition("Exception encountered: ")[2] or type(error).__name__
        reason = textwrap.shorten(told, _LONGEST_REASON, placeholder=" ...").rstrip(".")
        raise ValueError(f"{file.name!r} cannot be loaded as a model: {reason}.") from error
    return model


def _checked_model(file: Path, custom_objects: dict[str, Any]) -> VAE:
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
        if not isinstance(model, VAE):
            raise ValueError(f"it holds a {type(model).__name__}; expected a VAE")
        again = Path(folder) / "again.weights.h5"
        model.save_weights(again)
        check_same(weights, read_weights(again.read_bytes()))
    return model
