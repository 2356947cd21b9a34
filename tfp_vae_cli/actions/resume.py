"""Resumes a run from its checkpoint."""

import json
from pathlib import Path
from typing import Any

import keras
from rich.console import Console

from tfp_vae import callbacks
from tfp_vae_cli.actions.run_folder import CHECKPOINT, CONFIG, HISTORY, RunFolder
from tfp_vae_cli.console import BAD_DATA, BAD_USAGE, fail

_OPTIONS = (
    *("latent_size", "likelihood", "batch_size", "learning_rate", "seed"),
    *("hidden", "objective", "prior", "conv", "patience"),
)


def folder_to_resume(path: Path, settings: dict[str, Any], console: Console) -> RunFolder:
    """Returns the folder of the run to resume, or a new one if there is none.

    Args:
      path: The folder.
      settings: The settings of the run, as in `config.json`.
      console: The console for messages.

    Raises:
      CommandError: If the run there has other settings, or the folder holds something else.
    """
    if not (path / CHECKPOINT).exists():
        RunFolder(path).remove((CONFIG, HISTORY))
        folder = RunFolder.new(path, overwrite=False)
        console.print(f"Nothing to resume in {path}: the run begins.", soft_wrap=True)
        return folder
    try:
        saved = json.loads((path / CONFIG).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        fail(f"{str(path / CONFIG)!r} cannot be read, to resume its run: {error}.", BAD_DATA)
    if not isinstance(saved, dict):
        fail(f"{str(path / CONFIG)!r} must hold the settings of a run; it holds none.", BAD_DATA)
    for name in _OPTIONS:
        if saved.get(name) != settings[name]:
            option = f"--{name.replace('_', '-')}"
            fail(
                f"The run in {str(path)!r} cannot be resumed with another {option}: it had "
                f"{saved.get(name)}; got {settings[name]}.",
                BAD_USAGE,
            )
    folder = RunFolder(path)
    folder.remove(())
    return folder


class ConfigFile(keras.callbacks.Callback):
    """Writes the settings of a run to `config.json`, and prints the epoch it resumes from.

    It stands after `Checkpoint`, which restores that epoch and refuses other data.

    Args:
      folder: The folder of the run.
      settings: The settings.
      convergence: What ends the training; `Checkpoint` restores the epoch that it is at.
      console: The console for messages.
    """

    def __init__(
        self,
        folder: RunFolder,
        settings: dict[str, Any],
        convergence: callbacks.Convergence,
        console: Console,
    ) -> None:
        super().__init__()
        self._folder, self._settings, self._console = folder, settings, console
        self._convergence = convergence

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Compares the number of epochs with those that the run has had."""
        del logs
        done, epochs = self._convergence.epochs, self._settings["epochs"]
        if epochs is not None and done > epochs:
            fail(
                f"The run in {str(self._folder.path)!r} has had {done} epochs already; got "
                f"--epochs {epochs}.",
                BAD_USAGE,
            )
        self._folder.save_config(self._settings)
        if done:
            most = "" if epochs is None else f" of {epochs}"
            self._console.print(f"Resumed after epoch {done}{most}.")
