"""Locates the source of a non-finite loss or gradient.

The step was not taken, so the model is unchanged: the same batch gives the same numbers again, this
time eagerly, one operation at a time.
"""

from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import divergences
from tfp_vae.distributions import ProductOfColumns
from tfp_vae.objectives import ObjectiveTerms
from tfp_vae.training.nonfinite.gradients import place_by_weights, place_of_gradient
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
from tfp_vae.training.steps.train_step import changed_by_scoring

_ADVICE = 'Lower the learning rate, or skip such steps by compile(on_nonfinite="skip").'


def skip_or_raise(state: TrainingState, batch: Any, index: int) -> None:
    """Skips a non-finite step, or raises its diagnosis, as `compile` chose.

    Args:
      state: The state of training.
      batch: The batch whose step was not taken.
      index: The index of the batch in the epoch, from 0.

    Raises:
      FloatingPointError: Unless such steps are skipped; it locates the source.
    """
    if not state.skips:
        context = state.fit_context
        rows = None if context is None else context.rows_of_batch(index)
        raise diagnosis(state, batch, index, rows)


def diagnosis(
    state: TrainingState, batch: Any, index: int, rows: np.ndarray | None
) -> FloatingPointError:
    """Returns the error that locates the source of a non-finite step.

    Args:
      state: The state of training.
      batch: The batch whose step was not taken.
      index: The index of the batch in the epoch, from 0.
      rows: The indices of its rows in the user's array, `[B]`, or None if unknown.
    """
    changing = changed_by_scoring(state)
    before = [tf.identity(tf.convert_to_tensor(variable)) for variable in changing]
    try:
        place = _place(state, batch)
    finally:
        for variable, value in zip(changing, before, strict=True):
            variable.assign(value)
    of_row = ""
    if place.row is not None and rows is not None:
        of_row = f" for row {rows[place.row]} of `x`"
    elif place.row is not None:
        of_row = f" for row {place.row} of the batch"
    return FloatingPointError(
        f"`fit` must have a finite loss and gradients with finite squares; got {place.what}{of_row}"
        f"{place.where}, in batch {index} of the epoch. The weights are those before this batch. "
        f"{_ADVICE}"
    )


def _place(state: TrainingState, batch: Any) -> Place:
    model = state.model
    for variable in model.weights:
        array = np.asarray(variable)
        if np.issubdtype(array.dtype, np.floating) and not np.isfinite(array).all():
            return Place(f"a weight {variable.path!r} that held {_first(array):g} before the step")
    x, condition, weights = state.unpacked(batch)
    found = Recorder(model.objective)
    with tf.GradientTape(persistent=True) as tape:
        terms = replayed_terms(state, found, x, condition)
        loss = state.loss_of(terms, weights)
        sums = {
            "log-likelihood": tf.reduce_sum(terms.log_likelihood),
            "KL divergence": tf.reduce_sum(terms.kl_divergence),
        }
    return (
        _in_terms(found, terms)
        or _in_loss(loss)
        or place_of_gradient(model, tape, found, sums)
        or place_by_weights(state, x, condition, tape.gradient(loss, model.trainable_variables))
        or Place(
            "a non-finite loss or gradient in compiled code, which is finite when computed again "
            "eagerly"
        )
    )


def _in_terms(found: Recorder, terms: ObjectiveTerms) -> Place | None:
    """Checks the terms of every row, first the KL: the likelihood depends on its latents."""
    for name, values in (
        ("KL divergence", terms.kl_divergence),
        ("log-likelihood", terms.log_likelihood),
        ("objective", terms.objective),
    ):
        wrong = ~np.isfinite(values)
        if wrong.any():
            row = int(wrong.argmax())
            where = ""
            if name == "KL divergence":
                where = _latent_of(found, row)
            elif name == "log-likelihood":
                where = _value_of(found, row)
            return Place(f"a {name} of {float(values[row]):g}", row, where)
    return None


def _in_loss(loss: tf.Tensor) -> Place | None:
    if np.isfinite(loss):
        return None
    return Place(f"a loss of {float(loss):g} from terms that are finite in every row")


def _latent_of(found: Recorder, row: int) -> str:
    """Names the latent of a row whose KL, parameters or draws are non-finite."""
    per_latent = divergences.kl_divergence_per_dimension(found.posterior, found.prior)
    candidates = [] if per_latent is None else [per_latent]
    candidates += [each for each in parameters(found.posterior) if len(each) == len(found.x)]
    for array in (*(each[row] for each in candidates), *found.z[:, row]):
        wrong = np.argwhere(~np.isfinite(array))
        if wrong.size:
            return at_latent(wrong[0])
    return ""


def _value_of(found: Recorder, row: int) -> str:
    """Names the value of a row whose log-likelihood or parameters are non-finite."""
    by_value = _log_prob_by_value(found.likelihood, found.x)
    candidates = [] if by_value is None else [by_value]
    candidates += [
        each for each in parameters(found.likelihood) if is_by_row(each, 1, len(found.x))
    ]
    for tensor in candidates:
        for array in tensor[:, row]:
            wrong = np.argwhere(~np.isfinite(array))
            if len(wrong):
                return at_value(found)(wrong[0])
    if by_value is None:
        return ""
    # Every value is finite, but not their sum.
    largest = np.abs(by_value[:, row]).max(axis=0)
    return at_value(found)(np.unravel_index(largest.argmax(), largest.shape))


def _log_prob_by_value(likelihood: tfd.Distribution, x: tf.Tensor) -> tf.Tensor | None:
    """Returns log p of every value, `[S, B, *event]`, if values are independent, else None."""
    if isinstance(likelihood, ProductOfColumns):
        parts = [
            _log_prob_by_value(part, tf.gather(x, columns, axis=-1))
            for part, columns in zip(likelihood.parts, likelihood.columns, strict=True)
        ]
        return None if any(part is None for part in parts) else likelihood.rows_of(parts)
    if isinstance(likelihood, tfd.Independent) and likelihood.distribution.event_shape.rank == 0:
        return likelihood.distribution.log_prob(tf.cast(x, likelihood.dtype))
    return None


def _first(array: np.ndarray) -> float:
    return float(array[~np.isfinite(array)].flat[0])
