"""Times epochs of several models in turn, so that what slows the machine slows all of them."""

import time
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import keras


@dataclass
class Timing:
    """The epochs of a model.

    Attributes:
      speeds: The rows per second of every epoch timed.
      processor_seconds: The processor time of every epoch timed.
      loss: The loss of the last one.
    """

    speeds: list[float] = field(default_factory=list)
    processor_seconds: list[float] = field(default_factory=list)
    loss: float = float("nan")


Name = TypeVar("Name", bound=Hashable)


def epoch_of_fit(model: keras.Model, x: Any, **options: Any) -> Callable[[], float]:
    """Returns a function that fits a model for one epoch and returns its mean loss."""
    fit = partial(model.fit, x, epochs=1, verbose=0, **options)
    return lambda: float(fit().history["loss"][-1])


def timed_in_turn(
    epochs: Mapping[Name, Callable[[], float]], rows: int, repeats: int
) -> dict[Name, Timing]:
    """Runs an epoch of each model, and again.

    Args:
      epochs: A function that trains a model for one epoch and returns the epoch's mean loss, by
        the model's name.
      rows: The number of rows of an epoch.
      repeats: The number of epochs timed, after one that compiles.
    """
    timings = {name: Timing() for name in epochs}
    for repeat in range(repeats + 1):
        for name, epoch in epochs.items():
            begun, used = time.perf_counter(), time.process_time()
            loss = epoch()
            taken, used = time.perf_counter() - begun, time.process_time() - used
            timing = timings[name]
            timing.loss = loss
            if repeat:
                timing.speeds.append(rows / taken)
                timing.processor_seconds.append(used)
    return timings
