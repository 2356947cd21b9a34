"""Training and evaluation on rows in compiled epochs, without calls between batches."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfp_vae.training.data import ArraySource, BatchSource, RowSource, StoredSource
from tfp_vae.training.loops.compiled_epoch import CompiledEpoch, Log, Steps
from tfp_vae.training.loops.guarded_epoch import GuardedEpoch
from tfp_vae.training.state import TrainingState
from tfp_vae.training.steps import TrainStep
from tfp_vae.training.trainable import Trainable

_BATCH_HOOKS = (
    "on_batch_begin",
    "on_batch_end",
    "on_train_batch_begin",
    "on_train_batch_end",
    "on_test_batch_begin",
    "on_test_batch_end",
)


class ArrayLoop:
    """Trains and evaluates in compiled epochs.

    Args:
      state: The state of training; the model is compiled.
      step: The guarded step.
    """

    def __init__(self, state: TrainingState, step: TrainStep) -> None:
        model = state.model
        self._state = state
        self._train = GuardedEpoch(state, step)
        self._test = CompiledEpoch(model.test_step, state.log.metrics, model.jit_compile)

    def train(
        self,
        source: RowSource,
        epoch: int,
        key: tf.Tensor,
        callbacks: keras.callbacks.CallbackList,
    ) -> Log:
        """Trains on the batches of an epoch and returns the log."""
        order = source.order_of(epoch, key)
        if self._state.fit_context is not None:
            self._state.fit_context.order = order
        return _latest(self._train.run, source, order, callbacks.on_train_batch_end)

    def evaluate(self, source: RowSource, callbacks: keras.callbacks.CallbackList) -> Log:
        """Scores all batches and returns the log."""
        return _latest(self._score, source, source.order_of(0), callbacks.on_test_batch_end)

    def _score(
        self, source: RowSource, order: np.ndarray, report: Callable[[int, Log], bool]
    ) -> None:
        done, room = 0, 0
        for data, indices in source.parts(order):
            room = room or len(indices) // source.batch_size
            steps = Steps(data, indices, source.batch_size, room)
            self._test.run(steps, functools.partial(_report_after, report, done))
            done += steps.count


def _report_after(report: Callable[[int, Log], bool], before: int, done: int, logs: Log) -> bool:
    """Reports batches that were done after `before` others."""
    return report(before + done, logs)


def _latest(
    run: Callable[..., Any],
    source: RowSource,
    order: np.ndarray,
    on_batch_end: Callable[[int, Log], None],
) -> Log:
    latest: Log = {}

    def report(done: int, logs: Log) -> bool:
        latest.update(logs)
        on_batch_end(done - 1, logs)
        return True

    run(source, order, report)
    return latest


def suits_array_loop(model: Trainable, source: BatchSource, callbacks: Any) -> bool:
    """Tells whether compiled epochs run on a source, and every callback is called in them."""
    compiled = bool(model.jit_compile) and not model.run_eagerly
    by_index = isinstance(source, (ArraySource, StoredSource))
    one_step = model.steps_per_execution == 1
    own_steps = not model.has_custom_train_step
    return compiled and by_index and one_step and own_steps and not want_every_batch(callbacks)


def want_every_batch(callbacks: Any) -> bool:
    """Returns whether a callback must be called at every batch.

    Args:
      callbacks: A callback, a list of them, or None.
    """
    if callbacks is None:
        return False
    if isinstance(callbacks, keras.callbacks.CallbackList):
        return True
    several = callbacks if isinstance(callbacks, Sequence) else [callbacks]
    return any(_wants_every_batch(callback) for callback in several)


def _wants_every_batch(callback: Any) -> bool:
    if isinstance(callback, keras.callbacks.ProgbarLogger):
        return False
    if type(callback) is keras.callbacks.ModelCheckpoint and callback.save_freq == "epoch":
        return False
    return any(
        hook in vars(callback)
        or getattr(type(callback), hook, None) is not getattr(keras.callbacks.Callback, hook)
        for hook in _BATCH_HOOKS
    )
