"""Replays a step, and records its distributions and latents."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae.objectives import Objective, ObjectiveTerms
from tfp_vae.training.state import TrainingState


class Place(NamedTuple):
    """The source of a non-finite number.

    Attributes:
      what: The quantity, in words.
      row: The index of the row in the batch, or None if it belongs to no row.
      where: The latent or the value of the row, in words; empty if unknown.
    """

    what: str
    row: int | None = None
    where: str = ""


class Recorder:
    """An objective that records its arguments."""

    def __init__(self, objective: Objective) -> None:
        self._objective = objective
        self.posterior: Any = None
        self.prior: Any = None
        self.likelihood: Any = None
        self.x: Any = None
        self.z: Any = None

    def __call__(
        self, x: tf.Tensor, *, posterior: Any, prior: Any, likelihood_fn: Any, **options: Any
    ) -> Any:
        """Computes the terms of the objective, and records x, distributions and latents."""
        self.x, self.posterior, self.prior = x, posterior, prior

        def recorded(z: tf.Tensor) -> tfd.Distribution:
            self.z, self.likelihood = z, likelihood_fn(z)
            return self.likelihood

        return self._objective(
            x, posterior=posterior, prior=prior, likelihood_fn=recorded, **options
        )


def replayed_terms(
    state: TrainingState, objective: Objective | Recorder, x: tf.Tensor, condition: Any
) -> ObjectiveTerms:
    """Computes the terms of an objective with the noise of the step that was not taken.

    Args:
      state: The state of training.
      objective: The objective.
      x: Rows of the batch, `[B, ...]`.
      condition: Their y, `[B, ...]`, or None.
    """
    step = state.step_number()
    return state.model.terms_of(objective, x, state.step_seed(step), step, True, condition)


def parameters(distribution: tfd.Distribution) -> Iterator[tf.Tensor]:
    """Yields the floating parameters of a distribution and of its component distributions."""
    for value in distribution.parameters.values():
        several = value if isinstance(value, (list, tuple)) else [value]
        for each in several:
            if isinstance(each, tfd.Distribution):
                yield from parameters(each)
            elif tf.is_tensor(each) and each.dtype.is_floating and each.shape.rank:
                yield each


def is_by_row(tensor: tf.Tensor, row_axis: int, rows: int) -> bool:
    """Returns whether an axis of a tensor has one entry for each row of the batch."""
    return bool(tensor.shape.rank > row_axis and tensor.shape[row_axis] == rows)


def at_latent(index: Any) -> str:
    """Names the latent at an index."""
    return f" at latent {int(index[0])}" if len(index) else ""


def at_value(found: Recorder) -> Callable[[Any], str]:
    """Returns a function that names the value of a row at an index."""

    def named(index: Any) -> str:
        rank = len(found.x.shape) - 1
        return f" at index {[int(each) for each in index[:rank]]} of the event"

    return named
