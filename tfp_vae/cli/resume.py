"""A run that goes on where an earlier one was killed."""

import json
from pathlib import Path
from typing import Any

import keras
from rich.console import Console

from tfp_vae.cli.console import BAD_DATA, BAD_USAGE, fail
from tfp_vae.cli.run_folder import CHECKPOINT, CONFIG, HISTORY, RunFolder

_OPTIONS = ("latent_size", "likelihood", "rescale", "batch_size", "learning_rate", "seed")


def folder_to_resume(path: Path, settings: dict[str, Any], told: Console) -> RunFolder:
    """Returns the folder of a run that goes on, or of one that begins if there is none.

    Args:
      path: Where.
      settings: What the run is to be made with, as in `config.json`.
      told: Where it is said that there is none.

    Raises:
      CommandError: If the run there was made with other settings, or the folder holds something
        else.
    """
    if not (path / CHECKPOINT).exists():
        RunFolder(path).remove((CONFIG, HISTORY))
        folder = RunFolder.new(path, overwrite=False)
        told.print(f"Nothing to resume in {path}: the run begins.", soft_wrap=True)
        return folder
    try:
        known = json.loads((path / CONFIG).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        fail(f"{str(path / CONFIG)!r} cannot be read, to resume its run: {error}.", BAD_DATA)
    if not isinstance(known, dict):
        fail(f"{str(path / CONFIG)!r} must hold the settings of a run; it holds none.", BAD_DATA)
    for name in _OPTIONS:
        if known.get(name) != settings[name]:
            option = f"--{name.replace('_', '-')}"
            fail(
                f"The run in {str(path)!r} cannot be resumed with another {option}: it had "
                f"{known.get(name)}; got {settings[name]}.",
                BAD_USAGE,
            )
    folder = RunFolder(path)
    folder.remove(())
    return folder


class Beginning(keras.callbacks.Callback):
    """Writes the settings of a run, and says from where it goes on.

    It stands after the checkpoint, which finds out where that is and refuses other data.

    Args:
      folder: Where.
      settings: The settings.
      told: Where to say it.
    """

    def __init__(self, folder: RunFolder, settings: dict[str, Any], told: Console) -> None:
        super().__init__()
        self._folder, self._settings, self._told = folder, settings, told

    def on_train_begin(self, logs: Any = None) -> None:
        """Looks at the epochs that the run has had."""
        del logs
        had, wanted = self.model.first_epoch(0), self._settings["epochs"]
        if had > wanted:
            fail(
                f"The run in {str(self._folder.path)!r} has had {had} epochs already; got "
                f"--epochs {wanted}.",
                BAD_USAGE,
            )
        self._folder.save_config(self._settings)
        if had:
            self._told.print(f"Resumed after epoch {had} of {wanted}.")
