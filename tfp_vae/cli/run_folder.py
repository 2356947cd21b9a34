"""The folder that a training run writes."""

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import keras

from tfp_vae import VAE
from tfp_vae.cli.console import BAD_USAGE, fail
from tfp_vae.cli.pictures import save_axes
from tfp_vae.plotting.figures import Axes

MODEL, HISTORY, CONFIG = "vae.keras", "history.csv", "config.json"
PICTURES = (
    "training.png",
    "reconstructions.png",
    "samples.png",
    "latent.png",
    "traversals.png",
    "interpolation.png",
    "kl_per_dimension.png",
)


class RunFolder:
    """A folder with a model, its settings, its history and its pictures.

    Args:
      path: Where.
      overwrite: Whether files of an earlier run there may be replaced.

    Raises:
      CommandError: If the folder is there, is not empty and may not be overwritten, or cannot be
        made.
    """

    def __init__(self, path: Path, overwrite: bool) -> None:
        self.path = path
        if path.exists() and not path.is_dir():
            fail(f"The output {str(path)!r} is a file; name a folder with --output.", BAD_USAGE)
        if path.is_dir() and any(path.iterdir()) and not overwrite:
            fail(
                f"The output folder {str(path)!r} is not empty; pass --overwrite to replace an "
                "earlier run there, or name another with --output.",
                BAD_USAGE,
            )
        try:
            path.mkdir(parents=True, exist_ok=True)
            for name in (MODEL, HISTORY, CONFIG, *PICTURES):
                (path / name).unlink(missing_ok=True)
        except OSError as error:
            fail(f"The output folder {str(path)!r} cannot be written: {error}.", BAD_USAGE)

    @property
    def history_file(self) -> str:
        """The file of the training log."""
        return str(self.path / HISTORY)

    def save_config(self, config: dict[str, Any]) -> None:
        """Writes the settings, whole or not at all."""
        text = json.dumps(config, indent=2, ensure_ascii=False) + "\n"
        self._replace(CONFIG, lambda file: Path(file).write_text(text, encoding="utf-8"))

    def save_model(self, vae: VAE) -> None:
        """Writes the model, whole or not at all."""
        self._replace(MODEL, vae.save)

    def save_picture(self, name: str, ax: Axes) -> None:
        """Writes the figure that `ax` stands in, whole or not at all."""
        self._replace(name, lambda file: save_axes(ax, file))

    def _replace(self, name: str, write: Any) -> None:
        """Writes aside, then renames: a reader never finds half a file."""
        aside = Path(tempfile.mkdtemp(prefix=".writing-", dir=self.path))
        try:
            write(str(aside / name))
            os.replace(aside / name, self.path / name)
        finally:
            shutil.rmtree(aside, ignore_errors=True)


class SaveNowAndThen(keras.callbacks.Callback):
    """Saves the model ten times in a run, so that an interrupted one leaves something.

    Args:
      folder: Where.
      epochs: How many epochs there will be.
    """

    def __init__(self, folder: RunFolder, epochs: int) -> None:
        super().__init__()
        self._folder = folder
        self._every = max(1, epochs // 10)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Saves, if it is time."""
        del logs
        if (epoch + 1) % self._every == 0:
            self._folder.save_model(self.model)
