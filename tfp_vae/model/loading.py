"""Safe loading of untrusted `.keras` files."""

import os
from collections.abc import Mapping
from typing import Any

from tfp_vae import saving
from tfp_vae.model.vae import VAE
from tfp_vae.paths import as_path


def load(path: str | os.PathLike[str], custom_objects: Mapping[str, Any] | None = None) -> VAE:
    """Loads a model that `save` wrote, also from an untrusted file.

    Before Keras reads the file, its archive is checked: its members, their sizes and checksums, the
    classes that it names and the arrays that it holds. No code from the file is run, `safe_mode` is
    always on, and the model has every weight of the file or is not loaded.

    Args:
      path: A `.keras` file.
      custom_objects: Classes and functions that the file may name, other than those of Keras and
        tfp_vae, by class name or registered name. Pass only what you trust.

    Returns:
      The model, a `VAE` or a subclass of it, compiled as it was saved.

    Raises:
      FileNotFoundError: If there is no such file.
      TypeError: If `path` is no path, or `custom_objects` no mapping.
      ValueError: If the file is broken, names something not allowed, or holds no VAE.

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
            "`custom_objects` must be a dict of classes by name; got a "
            f"{type(custom_objects).__name__}."
        )
    if not file.is_file():
        raise FileNotFoundError(f"There is no model at {str(file)!r}.")
    return saving.load_checked(file, custom_objects or {}, VAE)
