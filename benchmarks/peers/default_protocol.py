"""The command line and the output of peers whose defaults are measured; needs NumPy alone."""

import argparse
import importlib.metadata
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

IMPORTANCE_SAMPLES = 1000
ROWS_AT_ONCE = 20


@dataclass(frozen=True)
class Rows:
    """What a peer is given.

    Attributes:
      train: The rows to train on, `[N, D]`; `valid` and `test` likewise.
      classes: Which columns hold class codes, `[D]`.
      rounding: The least variance of a normal density that stands for a probability, `[D]`: 1/12
        for whole numbers, and 0 for real values.
      latent_size: The number of latents.
    """

    train: np.ndarray
    valid: np.ndarray
    test: np.ndarray
    classes: np.ndarray
    rounding: np.ndarray
    latent_size: int


@dataclass(frozen=True)
class Answer:
    """What a trained peer gives for the held-out rows.

    Attributes:
      log_p: log p(x), `[N]`.
      reconstructed: The rows as the decoder returns them from the posterior's mean, `[N, D]`.
      discrete: Which columns have a probability and not a density, `[D]`.
    """

    log_p: np.ndarray
    reconstructed: np.ndarray
    discrete: np.ndarray


def log_mean_exp(log_weights: np.ndarray) -> np.ndarray:
    """Returns the logarithm of the mean over the first axis."""
    largest = log_weights.max(axis=0)
    return largest + np.log(np.mean(np.exp(log_weights - largest), axis=0))


def main(
    train: Callable[[Rows], Any], answer: Callable[[Any, Rows], Answer], packages: Sequence[str]
) -> None:
    """Reads the rows, trains, writes the answer, and prints one line of JSON, the last.

    Args:
      train: Returns a trained model.
      answer: Scores the held-out rows with it.
      packages: The distributions whose versions matter.
    """
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--data", required=True, help="an .npz with the fields of `Rows`")
    parser.add_argument("--answer", required=True, help="the .npz to write, the fields of `Answer`")
    arguments = parser.parse_args()
    with np.load(arguments.data) as arrays:
        given = {name: arrays[name] for name in arrays.files}
    rows = Rows(**given | {"latent_size": int(given["latent_size"])})
    begun = time.process_time()
    model = train(rows)
    seconds = time.process_time() - begun
    np.savez(arguments.answer, **vars(answer(model, rows)))
    versions = {name: importlib.metadata.version(name) for name in packages}
    print()
    print(json.dumps({"seconds": seconds, "versions": versions}))
