"""The driver of fit, evaluate and predict: epochs, callbacks and logs."""

import functools
import warnings
from collections.abc import Callable
from typing import Any, Protocol

import keras
import numpy as np
import tensorflow as tf

from tfp_vae.training.data import Batch, BatchSource
from tfp_vae.training.options import FitOptions
from tfp_vae.training.state import TrainingState


class Loop(Protocol):
    """Trains and evaluates on the batches of a source."""

    def train(
        self,
        source: Any,
        epoch: int,
        key: tf.Tensor,
        callbacks: keras.callbacks.CallbackList,
    ) -> dict[str, Any]:
        """Trains on the batches of an epoch and returns the log.

        Args:
          source: The batches.
          epoch: The number of the epoch, from 0.
          key: The key of the row order, `[2]`.
          callbacks: Called at batches, or only now and then in a compiled epoch.
        """

    def evaluate(self, source: Any, callbacks: keras.callbacks.CallbackList) -> dict[str, Any]:
        """Scores all batches and returns the log.

        Args:
          source: The batches.
          callbacks: Called at batches, or only now and then in a compiled epoch.
        """


LoopFor = Callable[[BatchSource], Loop]
"""Chooses the loop for a source at every pass, since a callback may recompile the model."""


def run_epochs(
    state: TrainingState,
    loop_for: LoopFor,
    train: BatchSource,
    validation: BatchSource | None,
    options: FitOptions,
) -> keras.callbacks.History:
    """Trains for a number of epochs, with validations.

    If the optimizer keeps moving averages of the weights, validations and the ends of epochs have
    these in the model, and so has the model in the end.

    Args:
      state: The state of training; the model is compiled.
      loop_for: Chooses the loop for a source.
      train: The batches to train on.
      validation: The batches to validate on, or None.
      options: The arguments of `fit`.

    Returns:
      The history.
    """
    model = state.model
    state.build_optimizer()
    callbacks = callback_list(
        model, options.callbacks, options.verbose, train.count, options.epochs, history=True
    )
    model.stop_training = False
    if validation is not None and state.fit_context is not None:
        silent = keras.callbacks.CallbackList(model=model)
        state.fit_context.validate = functools.partial(
            _run_validation, state, loop_for, validation, silent
        )
    callbacks.on_train_begin()
    logs: dict[str, float] = {}
    key = state.noise_key()
    for epoch in range(state.initial_epoch(options.initial_epoch), options.epochs):
        state.reset_log()
        callbacks.on_epoch_begin(epoch)
        latest = as_floats(loop_for(train).train(train, epoch, key, callbacks))
        if not latest:
            warnings.warn(
                f"`x` ran out of data before epoch {epoch + 1} of {options.epochs}: training ends. "
                "Pass data that can be read again, such as an array or a dataset.",
                stacklevel=2,
            )
            break
        logs = latest
        if validation is not None and options.validates_after(epoch):
            measured = _run_validation(state, loop_for, validation, callbacks)
            logs.update({f"val_{name}": value for name, value in measured.items()})
        with state.averaged.in_use():
            callbacks.on_epoch_end(epoch, logs)
        if model.stop_training:
            break
    if options.epochs > 0:
        model.optimizer.finalize_variable_values(model.trainable_variables)
    callbacks.on_train_end(logs)
    return model.history


def _run_validation(
    state: TrainingState,
    loop_for: LoopFor,
    source: BatchSource,
    callbacks: keras.callbacks.CallbackList,
) -> dict[str, float]:
    with state.averaged.in_use():
        return run_evaluation(state, loop_for, source, callbacks)


def run_evaluation(
    state: TrainingState,
    loop_for: LoopFor,
    source: BatchSource,
    callbacks: keras.callbacks.CallbackList,
) -> dict[str, float]:
    """Computes the log of an evaluation.

    Args:
      state: The state of training; the model is compiled.
      loop_for: Chooses the loop for a source.
      source: The batches.
      callbacks: The callbacks.
    """
    callbacks.on_test_begin()
    state.reset_log()
    logs = as_floats(loop_for(source).evaluate(source, callbacks))
    callbacks.on_test_end(logs)
    return logs


def run_predictions(
    predict: Callable[[Batch], Any],
    source: BatchSource,
    callbacks: keras.callbacks.CallbackList,
    name: str = "x",
) -> Any:
    """Computes the predictions for all rows.

    Args:
      predict: Computes the predictions for a batch, a tensor `[B, ...]` or several.
      source: The batches.
      callbacks: The callbacks.
      name: The caller's name for the data.

    Raises:
      ValueError: If there is no batch.
    """
    callbacks.on_predict_begin()
    predictions = []
    for index, batch in enumerate(source.epoch(0)):
        callbacks.on_predict_batch_begin(index)
        predictions.append(tf.nest.map_structure(lambda part: part.numpy(), predict(batch)))
        callbacks.on_predict_batch_end(index, {"outputs": predictions[-1]})
    callbacks.on_predict_end()
    if not predictions:
        raise ValueError(f"`{name}` must hold at least one row; got a source without batches.")
    return tf.nest.map_structure(lambda *parts: np.concatenate(parts), *predictions)


def callback_list(
    model: Any,
    given: Any,
    verbose: int | str,
    steps: int | None,
    epochs: int = 1,
    history: bool = False,
) -> keras.callbacks.CallbackList:
    """Returns the callbacks of a pass, with a progress bar unless `verbose` is 0.

    Args:
      model: The model.
      given: A callback, a list of them, in which None stands for none, a `CallbackList`, which is
        used unchanged, or None.
      verbose: As of Keras.
      steps: The number of batches, or None if unknown.
      epochs: The number of epochs.
      history: Whether to record the history.
    """
    if isinstance(given, keras.callbacks.CallbackList):
        return given
    several = given if isinstance(given, (list, tuple)) else [given]
    return keras.callbacks.CallbackList(
        [callback for callback in several if callback is not None],
        add_history=history,
        add_progbar=verbose != 0,
        verbose=1 if verbose == "auto" else verbose,
        epochs=epochs,
        steps=steps,
        model=model,
    )


def as_floats(logs: dict[str, Any]) -> dict[str, float]:
    """Returns a log of floats, sorted by name as in Keras."""
    return {name: float(value) for name, value in sorted(logs.items())}
