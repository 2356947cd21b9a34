"""The folder of a training run."""

import csv
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
from matplotlib.axes import Axes

from tfp_vae import VAE, atomic_files
from tfp_vae_cli.actions.figures import save_figure
from tfp_vae_cli.actions.progress import is_milestone
from tfp_vae_cli.console import BAD_USAGE, fail
from tfp_vae_cli.paths import check_output_folder

MODEL, HISTORY, CONFIG = "vae.keras", "history.csv", "config.json"
CHECKPOINT = "run.checkpoint"
History = dict[str, list[float]]
"""The metrics of every epoch, by name."""
PLOTS = (
    "training.png",
    "reconstructions.png",
    "samples.png",
    "latent.png",
    "traversals.png",
    "interpolation.png",
    "kl_per_dimension.png",
)


class RunFolder:
    """A folder with a model, its settings, its history and its plots.

    Args:
      path: The folder, which exists.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def new(cls, path: Path, overwrite: bool) -> "RunFolder":
        """Makes the folder of a new run.

        Args:
          path: The folder.
          overwrite: Whether to remove the files of an earlier run in it.

        Raises:
          CommandError: If the folder is not empty and may not be overwritten, or cannot be made.
        """
        check_output_folder(path, overwrite)
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            fail(f"The output folder {str(path)!r} cannot be written: {error}.", BAD_USAGE)
        folder = cls(path)
        folder.remove((CHECKPOINT, MODEL, HISTORY, CONFIG, *PLOTS))
        return folder

    def remove(self, names: Sequence[str]) -> None:
        """Removes files, and the unfinished files of a run that was killed.

        Args:
          names: The files, which need not exist.

        Raises:
          CommandError: If they cannot be removed.
        """
        try:
            for name in names:
                (self.path / name).unlink(missing_ok=True)
            for unfinished in self.path.glob(f"{atomic_files.TEMPORARY_PREFIX}*"):
                if unfinished.is_dir():
                    shutil.rmtree(unfinished)
                else:
                    unfinished.unlink()
        except OSError as error:
            fail(f"The output folder {str(self.path)!r} cannot be written: {error}.", BAD_USAGE)

    def save_config(self, config: dict[str, Any]) -> None:
        """Writes the settings, whole or not at all."""
        text = json.dumps(config, indent=2, ensure_ascii=False) + "\n"
        atomic_files.write(self.path / CONFIG, text.encode())

    def save_model(self, vae: VAE) -> None:
        """Writes the model, whole or not at all."""
        vae.save(self.path / MODEL)

    def save_plot(self, name: str, ax: Axes) -> None:
        """Writes the figure of `ax`, whole or not at all."""
        save_figure(ax, self.path / name)


class ModelFile(keras.callbacks.Callback):
    """Saves the model some ten times in a run, so that a killed run leaves a model.

    Args:
      folder: The folder of the run.
      epochs: The most epochs, or None if unknown.
    """

    def __init__(self, folder: RunFolder, epochs: int | None) -> None:
        super().__init__()
        self._folder, self._epochs = folder, epochs

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Saves the model, if it is due."""
        del logs
        if is_milestone(epoch + 1, self._epochs):
            self._folder.save_model(self.model)


class HistoryFile(keras.callbacks.Callback):
    """Writes the metrics of every epoch to `history.csv`, also of those before a resumption.

    Args:
      folder: The folder of the run.
    """

    def __init__(self, folder: RunFolder) -> None:
        super().__init__()
        self._path = folder.path / HISTORY

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Writes the epochs that a resumed run has had."""
        del logs
        history = self.model.history.history
        names = sorted(history)
        with atomic_files.atomic_path(self._path) as aside:
            aside.write_text("")
            for epoch, values in enumerate(zip(*(history[name] for name in names), strict=True)):
                self._write(aside, epoch, dict(zip(names, values, strict=True)))

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Adds a row."""
        self._write(self._path, epoch, logs or {})

    def _write(self, path: Path, epoch: int, logs: dict[str, float]) -> None:
        names = sorted(logs)
        with path.open("a", newline="") as file:
            table = csv.writer(file)
            if epoch == 0:
                table.writerow(["epoch", *names])
            table.writerow([epoch, *(logs[name] for name in names)])
