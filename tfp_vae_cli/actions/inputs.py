"""Reads the data and models that a command works on."""

from typing import NamedTuple

import numpy as np
from rich.console import Console

from tfp_vae import VAE, datasets, load
from tfp_vae_cli.actions.progress import status
from tfp_vae_cli.console import BAD_DATA, err, fail
from tfp_vae_cli.paths import DIGITS, data_name, model_file


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
    name = data_name(source)
    if source == DIGITS:
        with status("Reading the digits", console):
            images, labels = datasets.digits()
        return Dataset(name, images, labels)
    try:
        with status(f"Reading {source}", console):
            return Dataset(name, datasets.from_file(source), None)
    except (OSError, ValueError) as error:
        fail(error, BAD_DATA)


def read_model(path: str) -> VAE:
    """Loads a saved model, or the one in the folder of a run.

    Raises:
      CommandError: If there is no such file (bad usage), or it holds no such model (bad data).
    """
    file = model_file(path)
    try:
        with status(f"Loading {file}"):
            return load(file)
    except (OSError, ValueError) as error:
        fail(error, BAD_DATA)
