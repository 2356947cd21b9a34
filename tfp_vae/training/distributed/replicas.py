"""`fit`, `evaluate` and `predict` of a model that was made under a `tf.distribute.Strategy`."""

from typing import Any, TypeAlias

import keras
import numpy as np
import tensorflow as tf

from tfp_vae.training.data.batch_sources import ArrayBatches, StreamedBatches
from tfp_vae.training.distributed.step import agreed
from tfp_vae.training.loops.run_epochs import FitSettings, Rows, is_due

Batches: TypeAlias = ArrayBatches | StreamedBatches

_NAMES = ("loss", "elbo", "log_likelihood", "kl_divergence")


def fit(
    model: Any, train: Any, valid: Any, settings: FitSettings, steps: tuple[int | None, int | None]
) -> keras.callbacks.History:
    """Trains on all replicas.

    Args:
      model: The model, compiled.
      train: `Rows`, or what gives whole batches.
      valid: The same to validate on, or None.
      settings: The arguments of `fit`.
      steps: How many batches make an epoch, and a validation; None for all.

    Returns:
      The history.

    Raises:
      ValueError: If the objective looks at all rows of a batch together.
    """
    _check_objective(model)
    strategy = model.distribute_strategy
    model.noise.state.assign(agreed(strategy, tf.convert_to_tensor(model.noise.state)))
    with strategy.scope():
        if not model.optimizer.built:
            model.optimizer.build(model.trainable_variables)
    size = settings.train_batch_size
    batches = _batches(model, train, size, steps[0], settings.shuffle)
    held_out = None
    if valid is not None:
        held_out = _batches(model, valid, settings.validation_batch_size or size, steps[1])
    callbacks = _callbacks(
        model, settings.callbacks, settings.verbose, settings.epochs, batches.count, history=True
    )
    model.stop_training = False
    callbacks.on_train_begin()
    logs: dict[str, float] = {}
    key = model.noise_key()
    first_epoch = model.first_epoch(settings.initial_epoch)
    for epoch in range(first_epoch, settings.epochs):
        callbacks.on_epoch_begin(epoch)
        logs = _trained(model, batches, epoch, key, callbacks)
        if held_out is not None and is_due(epoch, settings.validation_freq):
            measured = _evaluated(model, held_out, callbacks)
            logs.update({f"val_{name}": value for name, value in measured.items()})
        callbacks.on_epoch_end(epoch, logs)
        if model.stop_training:
            break
    if settings.epochs > 0:
        model.optimizer.finalize_variable_values(model.trainable_variables)
    callbacks.on_train_end(logs)
    return model.history


def evaluate(
    model: Any,
    data: Any,
    batch_size: int | None,
    steps: int | None,
    verbose: Any,
    callbacks: Any,
) -> dict[str, float]:
    """Computes the log of a data set on all replicas.

    Args:
      model: The model, compiled.
      data: `Rows`, or what gives whole batches.
      batch_size: How many rows make a batch; Keras's 32 if None.
      steps: How many batches to take, or None for all.
      verbose: Whether to show a progress bar.
      callbacks: Keras callbacks, or None.

    Returns:
      The log.
    """
    _check_objective(model)
    batches = _batches(model, data, batch_size or 32, steps)
    return _evaluated(model, batches, _callbacks(model, callbacks, verbose, 1, batches.count))


def predict(model: Any, data: Any, batch_size: int | None, steps: int | None) -> np.ndarray:
    """Computes the predictions of all rows, every worker those of all.

    Args:
      model: The model.
      data: `Rows`, or what gives whole batches.
      batch_size: How many rows make a batch; Keras's 32 if None.
      steps: How many batches to take, or None for all.
    """
    predictions = []
    for batch in _batches(model, data, batch_size or 32, steps).epoch(0):
        x, condition, _ = model.unpacked(batch)
        predictions.append(model(x, condition, training=False).numpy())
    return np.concatenate(predictions)


class _Totals:
    """The means over all rows that have been seen."""

    def __init__(self) -> None:
        self._sums, self.rows = np.zeros(len(_NAMES)), 0

    def add(self, sums: np.ndarray, rows: int) -> None:
        self._sums += np.where(np.arange(len(_NAMES)) == 0, rows, 1) * sums
        self.rows += rows

    def log(self, extra: dict[str, float]) -> dict[str, float]:
        means = dict(zip(_NAMES, (self._sums / (self.rows or np.nan)).tolist(), strict=True))
        return dict(sorted({**means, **extra}.items()))


def _trained(
    model: Any, batches: Batches, epoch: int, key: Any, callbacks: Any
) -> dict[str, float]:
    totals, logs, skipped = _Totals(), {}, 0
    for index, batch in enumerate(batches.epoch(epoch, key)):
        callbacks.on_train_batch_begin(index)
        weights_of_terms = _scheduled(model)
        sums = model.replicated_train_step(batch)
        if not sums.size:
            model.fit_context.begin_epoch(batches.order)
            model.not_taken(batch, index)
            skipped += 1
        else:
            totals.add(sums, _rows_in(batch))
        counts = {"skipped_steps": float(skipped)} if model.skips else {}
        logs = totals.log({**weights_of_terms, **counts})
        callbacks.on_train_batch_end(index, logs)
        if model.stop_training:
            break
    return dict(logs)


def _evaluated(model: Any, batches: Batches, callbacks: Any) -> dict[str, float]:
    callbacks.on_test_begin()
    totals, logs = _Totals(), {}
    for index, batch in enumerate(batches.epoch(0)):
        callbacks.on_test_batch_begin(index)
        rows_before = np.int64(totals.rows)
        totals.add(model.replicated_test_step(batch, rows_before), _rows_in(batch))
        logs = totals.log(_scheduled(model))
        callbacks.on_test_batch_end(index, logs)
    callbacks.on_test_end(logs)
    return dict(logs)


def _scheduled(model: Any) -> dict[str, float]:
    step = tf.convert_to_tensor(model.optimizer.iterations)
    return {name: float(weight(step)) for name, weight in model.objective.schedules.items()}


def _rows_in(batch: Any) -> int:
    return int(tf.nest.flatten(batch)[0].shape[0])


def _batches(model: Any, data: Any, size: int, steps: int | None, shuffle: Any = False) -> Batches:
    if isinstance(data, Rows):
        return ArrayBatches(data, model.data_dtype, size, shuffle, steps)
    if isinstance(data, tf.distribute.DistributedDataset):
        raise ValueError(
            "Data must be a dataset of whole batches, of which every worker takes its share; got "
            "one that has been distributed already."
        )
    return StreamedBatches(data, steps)


def _callbacks(
    model: Any, given: Any, verbose: Any, epochs: int, steps: int | None, history: bool = False
) -> keras.callbacks.CallbackList:
    return keras.callbacks.CallbackList(
        given,
        add_history=history,
        add_progbar=verbose != 0,
        verbose=1 if verbose == "auto" else verbose,
        epochs=epochs,
        steps=steps,
        model=model,
    )


def _check_objective(model: Any) -> None:
    if not model.objective.rows_are_independent:
        raise ValueError(
            f"The objective must be one that scores every row by itself on several workers, which "
            f"see only their share of a batch; got {model.objective!r}: train it on one."
        )
