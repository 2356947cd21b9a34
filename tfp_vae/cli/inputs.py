"""Reads the data and models that a command works on."""

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
from rich.console import Console

from tfp_vae import VAE, datasets, load
from tfp_vae.cli.console import BAD_DATA, BAD_USAGE, err, fail
from tfp_vae.cli.progress import status

DIGITS = "digits"


class Dataset(NamedTuple):
    """Rows of data with a name.

    Attributes:
      name: Its name in messages and reports.
      x: The rows, `[N, *event_shape]`.
      labels: A label for every row, or None.
    """

    name: str
    x: np.ndarray
    labels: np.ndarray | None


def read_data(source: str, console: Console = err) -> Dataset:
    """Reads the digits, or a file.

    Args:
      source: "digits", or the path of a file.
      console: The console for progress.

    Raises:
      CommandError: If there is no such data (bad usage), or it is no array of numbers (bad data).
    """
    if source == DIGITS:
        with status("Reading the digits", console):
            images, labels = datasets.digits()
        return Dataset(DIGITS, images, labels)
    if not os.path.exists(source):
        fail(f"{source!r} is neither 'digits' nor a file.", BAD_USAGE)
    if Path(source).suffix.lower() not in {".npy", ".npz", ".csv"}:
        fail(f"{source!r} must be 'digits' or a file ending in .npy, .npz or .csv.", BAD_USAGE)
    try:
        with status(f"Reading {source}", console):
            return Dataset(Path(source).stem, datasets.from_file(source), None)
    except (OSError, ValueError) as error:
        fail(error, BAD_DATA)


def read_model(path: str) -> VAE:
    """Loads a saved model, or the one in the folder of a run.

    Raises:
      CommandError: If there is no such file (bad usage), or it holds no such model (bad data).
    """
    file = Path(path) / "vae.keras" if Path(path).is_dir() else Path(path)
    if not file.is_file():
        fail(f"There is no model at {str(file)!r}.", BAD_USAGE)
    try:
        with status(f"Loading {file}"):
            return load(file)
    except (OSError, ValueError) as error:
        fail(error, BAD_DATA)
