"""Locates the source of a gradient that the optimizer cannot take."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfp_vae import replica_context
from tfp_vae.training.nonfinite.replay import (
    Place,
    Recorder,
    at_latent,
    at_value,
    is_by_row,
    parameters,
    replayed_terms,
)
from tfp_vae.training.state import TrainingState
from tfp_vae.training.steps.gradient_checks import Gradient, largest_usable
from tfp_vae.training.trainable import Trainable


def place_of_gradient(
    model: Trainable, tape: tf.GradientTape, found: Recorder, terms: dict[str, tf.Tensor]
) -> Place | None:
    """Checks the gradients of parameters of distributions and of draws, which belong to one row.

    Args:
      model: The model.
      tape: The persistent tape that recorded the step.
      found: The distributions and latents of the step.
      terms: The sums of the terms over the rows, by name.
    """
    sources = (
        (list(parameters(found.likelihood)), 1, at_value(found)),
        (list(parameters(found.posterior)), 0, at_latent),
        ([found.z], 1, at_latent),
    )
    for tensors, row_axis, named in sources:
        for name, total in terms.items():
            for gradient in tape.gradient(total, tensors):
                if gradient is None or not is_by_row(gradient, row_axis, len(found.x)):
                    continue
                array = np.moveaxis(np.asarray(gradient), row_axis, 0)
                wrong = np.argwhere(_unusable(model.optimizer, array))
                if len(wrong):
                    row, *index = (int(each) for each in wrong[0])
                    value = array[tuple(wrong[0])]
                    what = f"a gradient of the {name} of {value:g}"
                    return Place(what, row, named(index[row_axis:]))
    return None


def place_by_weights(
    state: TrainingState, x: tf.Tensor, condition: tf.Tensor | None, gradients: list[Gradient]
) -> Place | None:
    """Finds the row whose terms have an unusable gradient of a weight.

    Args:
      state: The state of training.
      x: The rows of the batch, `[B, ...]`.
      condition: Their y, `[B, ...]`, or None.
      gradients: The gradient of the loss for every trainable weight.
    """
    optimizer = state.model.optimizer
    for variable, gradient in zip(state.model.trainable_variables, gradients, strict=True):
        if gradient is None or not _unusable(optimizer, gradient).any():
            continue
        value = np.asarray(getattr(gradient, "values", gradient))[
            _unusable(optimizer, gradient)
        ].flat[0]
        where = f", by the weight {variable.path!r}"
        for name in ("log_likelihood", "kl_divergence"):
            row = _row_with_wrong_gradient(state, x, condition, name, variable)
            if row is not None:
                named = name.replace("_l", "-l").replace("kl_d", "KL d")
                return Place(f"a gradient of the {named} of {value:g}", row, where)
        return Place(f"a gradient of {value:g} as the sum over the rows{where}")
    return None


def _row_with_wrong_gradient(
    state: TrainingState,
    x: tf.Tensor,
    condition: tf.Tensor | None,
    term: str,
    variable: keras.Variable,
) -> int | None:
    """Bisects the rows; their noise stays keyed by their index in the batch."""

    def is_wrong(rows: slice) -> bool:
        y = None if condition is None else condition[rows]
        with (
            tf.GradientTape() as tape,
            replica_context.shard_scope(
                replica_context.BatchShard(tf.constant(rows.start), tf.constant(len(x)))
            ),
        ):
            terms = replayed_terms(state, state.model.objective, x[rows], y)
            total = tf.reduce_sum(getattr(terms, term))
        gradient = tape.gradient(total, variable)
        return gradient is not None and bool(_unusable(state.model.optimizer, gradient).any())

    low, high = 0, len(x)
    if not is_wrong(slice(low, high)):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        if is_wrong(slice(low, middle)):
            high = middle
        elif is_wrong(slice(middle, high)):
            low = middle
        else:
            return None
    return low


def _unusable(optimizer: keras.optimizers.Optimizer, gradient: Any) -> np.ndarray:
    """Returns, for every number of a gradient, whether the optimizer cannot take it."""
    values = tf.convert_to_tensor(getattr(gradient, "values", gradient))
    return np.asarray(~(np.abs(values) <= largest_usable(values.dtype, optimizer)))
