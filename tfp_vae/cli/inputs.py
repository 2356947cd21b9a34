"""Where the command line takes data and models from."""

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
from rich.console import Console

from tfp_vae import VAE, datasets, load
from tfp_vae.cli.console import BAD_DATA, BAD_USAGE, err, fail
from tfp_vae.cli.progress import Waiting

DIGITS = "digits"


class Source(NamedTuple):
    """Data to work on.

    Attributes:
      name: What to call it.
      x: The rows, `[N, *event]`.
      labels: A label for every row, or None.
    """

    name: str
    x: np.ndarray
    labels: np.ndarray | None


def read_data(source: str, told: Console = err) -> Source:
    """Reads the digits, or a file.

    Args:
      source: "digits", or the path of a file.
      told: Where it is said what takes long.

    Raises:
      CommandError: If there is no such data (bad usage), or it is no array of numbers (bad data).
    """
    if source == DIGITS:
        with Waiting("Reading the digits", told):
            images, labels = datasets.digits()
        return Source(DIGITS, images, labels)
    if not os.path.exists(source):
        fail(f"{source!r} is neither 'digits' nor a file.", BAD_USAGE)
    if Path(source).suffix.lower() not in {".npy", ".npz", ".csv"}:
        fail(f"{source!r} must be 'digits' or a file ending in .npy, .npz or .csv.", BAD_USAGE)
    try:
        with Waiting(f"Reading {source}", told):
            return Source(Path(source).stem, datasets.from_file(source), None)
    except (OSError, ValueError) as error:
        fail(error, BAD_DATA)


def read_model(path: str) -> VAE:
    """Loads a model that was saved, or the one in a folder that `train` wrote.

    Raises:
      CommandError: If there is no such file (bad usage), or it holds no model of ours (bad data).
    """
    file = Path(path) / "vae.keras" if Path(path).is_dir() else Path(path)
    if not file.is_file():
        fail(f"There is no model at {str(file)!r}.", BAD_USAGE)
    try:
        with Waiting(f"Loading {file}"):
            return load(file)
    except (OSError, ValueError) as error:
        fail(error, BAD_DATA)
