"""The command line and the output of every peer's script; needs NumPy alone."""

import argparse
import importlib.metadata
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks.peers.architecture import Weights, negative_elbo

THREADS = 2


@dataclass
class Run:
    """The state of a peer's training run.

    Attributes:
      x: Training images, float32 of 0 and 1, `[N, D]`.
      x_valid: Held-out images, the same.
      batch_size: The number of rows in a step.
      epochs: The number of passes over the training images.
      seed: The seed of everything random.
      seconds: The duration of each epoch.
      processor_seconds: The processor time of each epoch, over all threads.
      losses: The mean negative ELBO over each epoch's steps, in nats.
    """

    x: np.ndarray
    x_valid: np.ndarray
    batch_size: int
    epochs: int
    seed: int
    seconds: list[float] = field(default_factory=list)
    processor_seconds: list[float] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    _begun: float = 0.0
    _processor_begun: float = 0.0

    def epoch_begins(self, *_: Any) -> None:
        """Starts the clock."""
        self._processor_begun = time.process_time()
        self._begun = time.perf_counter()

    def epoch_ends(self, loss: float) -> None:
        """Stops the clock; a `loss` that is a Python number guarantees that all work is done."""
        self.seconds.append(time.perf_counter() - self._begun)
        self.processor_seconds.append(time.process_time() - self._processor_begun)
        self.losses.append(float(loss))

    def report(self, packages: Sequence[str], weights: Weights) -> dict[str, Any]:
        """Returns the output of the script."""
        images = len(self.x) // self.batch_size * self.batch_size
        return {
            "images_per_second": [images / seconds for seconds in self.seconds[1:]],
            "processor_microseconds_an_image": [
                1e6 * seconds / images for seconds in self.processor_seconds[1:]
            ],
            "first_epoch_seconds": self.seconds[0],
            "training_losses": self.losses,
            "held_out_loss": negative_elbo(weights, self.x_valid),
            "versions": {name: importlib.metadata.version(name) for name in packages},
        }


def main(train: Callable[[Run], Weights], packages: Sequence[str]) -> None:
    """Reads the command line, trains, and prints one line of JSON, the last of the output.

    Args:
      train: Trains on a run's images, calling `epoch_begins` and `epoch_ends`, and returns the
        weights.
      packages: The distributions whose versions matter.
    """
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--data", required=True, help="an .npz with binary x_train and x_valid")
    parser.add_argument("--batch-size", type=int, default=100)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with np.load(arguments.data) as arrays:
        x, x_valid = (arrays[name].astype(np.float32) for name in ("x_train", "x_valid"))
    run = Run(x, x_valid, arguments.batch_size, arguments.epochs, arguments.seed)
    weights = train(run)
    print()
    print(json.dumps(run.report(packages, weights)))
