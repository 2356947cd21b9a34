"""`fit` and `evaluate` for data that is an array."""

from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from tfp_vae.training.loops.compiled_epoch import (
    Batchable,
    EpochLoop,
    shuffled_order,
    want_every_batch,
)
from tfp_vae.training.loops.guarded_epoch import GuardedEpochLoop


class Rows(NamedTuple):
    """Data in memory.

    Attributes:
      x: The rows, `[N, *event]`.
      weights: Their weights, `[N]`, or None.
      condition: The y of every row, `[N, ...]`, for a model of p(x|y), or None.
    """

    x: np.ndarray
    weights: np.ndarray | None
    condition: np.ndarray | None = None

    def for_keras(self) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None]:
        """Returns x, y and weights for Keras, which drops weights where there is no y."""
        targets = self.condition
        if targets is None and self.weights is not None:
            targets = np.zeros(len(self.x), np.int8)
        return self.x, targets, self.weights

    def split(self, fraction: float) -> tuple["Rows", "Rows"]:
        """Returns all rows but the last `fraction` of them, and those."""
        at = int(len(self.x) * (1.0 - fraction))
        if not 0 < at < len(self.x):
            raise ValueError(
                f"`validation_split` must leave rows of `x` on both sides; got {fraction:g} of "
                f"{len(self.x)} rows."
            )
        first = Rows(*(None if part is None else part[:at] for part in self))  # type: ignore[arg-type]
        return first, Rows(*(None if part is None else part[at:] for part in self))  # type: ignore[arg-type]

    def on_device(self, dtype: str) -> tuple[Batchable, tf.Tensor | None]:
        """Returns what a batch is gathered from, and the weights; floating numbers in `dtype`."""
        rows = _tensor(self.x, dtype)
        weights = None if self.weights is None else tf.convert_to_tensor(self.weights, dtype)
        return rows if self.condition is None else (rows, _tensor(self.condition, dtype)), weights


def _tensor(values: np.ndarray, dtype: str) -> tf.Tensor:
    floating = np.issubdtype(values.dtype, np.floating)
    return tf.convert_to_tensor(values.astype(dtype, copy=False) if floating else values)


class FitSettings(NamedTuple):
    """The arguments of `fit` that an array needs."""

    epochs: int = 1
    batch_size: int | None = None
    verbose: Any = "auto"
    callbacks: Any = None
    shuffle: Any = True
    initial_epoch: int = 0
    validation_batch_size: int | None = None
    validation_freq: Any = 1

    @property
    def train_batch_size(self) -> int:
        """The batch size, Keras's 32 if none was given."""
        return self.batch_size or 32


def can_loop(model: Any, callbacks: Any) -> bool:
    """Tells whether whole epochs can be compiled: nothing has to be called between batches."""
    return (
        bool(model.jit_compile)
        and not model.run_eagerly
        and model.steps_per_execution == 1
        and not model.replicated
        and not model.has_own_steps
        and not want_every_batch(callbacks)
    )


def fit(
    model: Any, train: Rows, valid: Rows | None, settings: FitSettings
) -> keras.callbacks.History:
    """Trains in compiled epochs.

    Args:
      model: The model, compiled.
      train: The rows to train on.
      valid: The rows to validate on, or None.
      settings: The arguments of `fit`.

    Returns:
      The history.
    """
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)
    batch_size = settings.train_batch_size
    dtype = model.data_dtype
    rows, weights = train.on_device(dtype)
    held_out = None if valid is None else valid.on_device(dtype)
    callbacks = keras.callbacks.CallbackList(
        settings.callbacks,
        add_history=True,
        add_progbar=settings.verbose != 0,
        verbose=1 if settings.verbose == "auto" else settings.verbose,
        epochs=settings.epochs,
        steps=-(-len(train.x) // batch_size),
        model=model,
    )
    model.stop_training = False
    callbacks.on_train_begin()
    logs: dict[str, float] = {}
    key = model.noise_key()
    first_epoch = model.first_epoch(settings.initial_epoch)
    for epoch in range(first_epoch, settings.epochs):
        model.reset_metrics()
        callbacks.on_epoch_begin(epoch)
        order = epoch_order(len(train.x), settings.shuffle, key, epoch)
        model.fit_context.begin_epoch(order)
        logs = _run(
            model.train_loop, (rows, weights), order, batch_size, callbacks.on_train_batch_end
        )
        if held_out is not None and is_due(epoch, settings.validation_freq):
            size = settings.validation_batch_size or batch_size
            measured = _evaluate(model, held_out, size, callbacks)
            logs.update({f"val_{name}": value for name, value in measured.items()})
        callbacks.on_epoch_end(epoch, logs)
        if model.stop_training:
            break
    if settings.epochs > 0:
        model.optimizer.finalize_variable_values(model.trainable_variables)
    callbacks.on_train_end(logs)
    return model.history


def evaluate(
    model: Any, rows: Rows, batch_size: int | None, verbose: Any, callbacks: Any
) -> dict[str, float]:
    """Computes the log of a data set in one compiled loop.

    Args:
      model: The model, compiled.
      rows: The data.
      batch_size: How many rows make a batch; Keras's 32 if None.
      verbose: Whether to show a progress bar.
      callbacks: Keras callbacks, or None.

    Returns:
      The log.
    """
    size = batch_size or 32
    every = keras.callbacks.CallbackList(
        callbacks,
        add_progbar=verbose != 0,
        verbose=1 if verbose == "auto" else verbose,
        epochs=1,
        steps=-(-len(rows.x) // size),
        model=model,
    )
    return _evaluate(model, rows.on_device(model.data_dtype), size, every)


def epoch_order(rows: int, shuffle: Any, key: Any, epoch: int) -> np.ndarray:
    """Returns the row numbers in the order of an epoch."""
    return shuffled_order(rows, key, epoch) if shuffle else np.arange(rows, dtype=np.int32)


def _evaluate(
    model: Any, rows: tuple[Batchable, tf.Tensor | None], batch_size: int, callbacks: Any
) -> dict[str, float]:
    callbacks.on_test_begin()
    model.reset_metrics()
    order = np.arange(int(tf.nest.flatten(rows)[0].shape[0]), dtype=np.int32)
    logs = _run(model.test_loop, rows, order, batch_size, callbacks.on_test_batch_end)
    callbacks.on_test_end(logs)
    return logs


def _run(
    loop: EpochLoop | GuardedEpochLoop,
    rows: tuple[Batchable, tf.Tensor | None],
    order: np.ndarray,
    batch_size: int,
    on_batch_end: Callable[[int, dict[str, float]], None],
) -> dict[str, float]:
    latest: dict[str, float] = {}

    def report(done: int, logs: dict[str, float]) -> bool:
        latest.update(logs)
        on_batch_end(done - 1, logs)
        return True

    loop.run(*rows, order, batch_size, report)
    return latest


def is_due(epoch: int, frequency: Any) -> bool:
    """Tells whether an epoch, counted from 0, ends with a validation."""
    if isinstance(frequency, int):
        return (epoch + 1) % frequency == 0
    return epoch + 1 in frequency
