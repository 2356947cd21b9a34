"""The folder that a training run writes."""

import csv
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras

from tfp_vae import VAE, atomic_files
from tfp_vae.cli.console import BAD_USAGE, fail
from tfp_vae.cli.pictures import save_axes
from tfp_vae.plotting.axes import Axes

MODEL, HISTORY, CONFIG = "vae.keras", "history.csv", "config.json"
CHECKPOINT = "run.checkpoint"
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
      path: Where; the folder is there.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def new(cls, path: Path, overwrite: bool) -> "RunFolder":
        """Makes the folder of a run that begins.

        Args:
          path: Where.
          overwrite: Whether files of an earlier run there may be replaced.

        Raises:
          CommandError: If the folder is there, is not empty and may not be overwritten, or cannot
            be made.
        """
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
        except OSError as error:
            fail(f"The output folder {str(path)!r} cannot be written: {error}.", BAD_USAGE)
        folder = cls(path)
        folder.remove((CHECKPOINT, MODEL, HISTORY, CONFIG, *PICTURES))
        return folder

    def remove(self, names: Sequence[str]) -> None:
        """Removes files, and what a run that was killed while it wrote has left.

        Args:
          names: Which files; they need not be there.

        Raises:
          CommandError: If they cannot be removed.
        """
        try:
            for name in names:
                (self.path / name).unlink(missing_ok=True)
            for half in self.path.glob(f"{atomic_files.TEMPORARY_PREFIX}*"):
                if half.is_dir():
                    shutil.rmtree(half)
                else:
                    half.unlink()
        except OSError as error:
            fail(f"The output folder {str(self.path)!r} cannot be written: {error}.", BAD_USAGE)

    def save_config(self, config: dict[str, Any]) -> None:
        """Writes the settings, whole or not at all."""
        text = json.dumps(config, indent=2, ensure_ascii=False) + "\n"
        atomic_files.write(self.path / CONFIG, text.encode())

    def save_model(self, vae: VAE) -> None:
        """Writes the model, whole or not at all."""
        vae.save(self.path / MODEL)

    def save_picture(self, name: str, ax: Axes) -> None:
        """Writes the figure that `ax` stands in, whole or not at all."""
        save_axes(ax, self.path / name)


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


class HistoryFile(keras.callbacks.Callback):
    """Writes the log of every epoch to a table, also of those before a run went on.

    Args:
      folder: Where.
    """

    def __init__(self, folder: RunFolder) -> None:
        super().__init__()
        self._path = folder.path / HISTORY

    def on_train_begin(self, logs: Any = None) -> None:
        """Writes the epochs that the run has had, if it goes on."""
        del logs
        history = self.model.history.history
        names = sorted(history)
        with atomic_files.atomic_path(self._path) as aside:
            aside.write_text("")
            for epoch, values in enumerate(zip(*(history[name] for name in names), strict=True)):
                self._write(aside, epoch, dict(zip(names, values, strict=True)))

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Adds a row."""
        self._write(self._path, epoch, logs or {})

    def _write(self, path: Path, epoch: int, logs: dict[str, float]) -> None:
        names = sorted(logs)
        with path.open("a", newline="") as file:
            table = csv.writer(file)
            if epoch == 0:
                table.writerow(["epoch", *names])
            table.writerow([epoch, *(logs[name] for name in names)])
