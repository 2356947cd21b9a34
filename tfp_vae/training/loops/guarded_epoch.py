"""Compiled epochs that take no step with a non-finite loss or gradient.

Checking every gradient before its use costs a small network some percent of its step. But
non-finite numbers persist: they propagate from gradients to the weights and the optimizer's state,
and from there to every later loss. So some hundred steps are taken unchecked; if then the loss or
the state is non-finite, the state before is restored and the same steps are taken again, each
checked.
"""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfp_vae.training.compiled_function import compiled
from tfp_vae.training.data import Batch, RowSource, gathered
from tfp_vae.training.loops.compiled_epoch import CompiledEpoch, Log, Steps
from tfp_vae.training.nonfinite import skip_or_raise
from tfp_vae.training.state import TrainingState
from tfp_vae.training.steps import TrainStep, apply, score, waiting_for_all

_STEPS_IN_A_ROW = 512


class GuardedEpoch:
    """Takes guarded steps on all batches of an epoch.

    Args:
      state: The state of training; the model is compiled.
      step: The guarded step.
    """

    def __init__(self, state: TrainingState, step: TrainStep) -> None:
        self._state, self._step = state, step
        self._unguarded = CompiledEpoch(
            self._unguarded_step, state.metrics, state.model.jit_compile
        )
        self._values = compiled(self._read)
        self._finite = compiled(self._is_finite)

    def run(self, source: RowSource, order: np.ndarray, report: Callable[[int, Log], Any]) -> None:
        """Runs over every batch; the last batch may be smaller.

        Args:
          source: The rows.
          order: The row indices in the order of the epoch, `[N]`.
          report: Called at intervals with the number of batches done and the log.
        """
        checks_each = not _propagates_non_finite(self._state.model.optimizer)
        done, room = 0, 0
        for data, indices in source.parts(order, _STEPS_IN_A_ROW):
            room = room or len(indices) // source.batch_size
            steps = Steps(data, indices, source.batch_size, room)
            if checks_each or not self._run_unguarded(steps, done, report):
                self._run_guarded(steps, done, report)
            done += steps.count

    def _run_unguarded(self, steps: Steps, done: int, report: Callable[[int, Log], Any]) -> bool:
        """Takes unchecked steps; restores the state and returns False if one is non-finite."""

        def reported(count: int, logs: Log) -> bool:
            finite = bool(np.isfinite(logs["loss"]))
            if finite:
                report(done + count, logs)
            return finite

        before = self._values()
        if self._unguarded.run(steps, reported) and self._finite():
            return True
        for variable, value in zip(self._variables(), before, strict=True):
            variable.assign(value)
        return False

    def _run_guarded(self, steps: Steps, done: int, report: Callable[[int, Log], Any]) -> None:
        for index in range(steps.count):
            batch = gathered(steps.data, tf.constant(steps.indices_of(index)))
            if not self._step(batch):
                skip_or_raise(self._state, batch, done + index)
            logs = self._state.logged()
            report(done + index + 1, {name: float(value) for name, value in logs.items()})

    def _unguarded_step(self, batch: Batch) -> None:
        scored = score(self._state, batch)
        if self._state.model.jit_compile:
            scored = scored._replace(gradients=waiting_for_all(scored.gradients))
        apply(self._state, scored)

    def _variables(self) -> list[Any]:
        model = self._state.model
        return [*model.variables, *model.metrics_variables, *model.optimizer.variables]

    def _read(self) -> list[tf.Tensor]:
        return [tf.identity(variable) for variable in self._variables()]

    def _is_finite(self) -> tf.Tensor:
        """Returns whether the sums of squares of all variables are finite, a boolean scalar."""
        floating = [value for value in self._read() if value.dtype.is_floating]
        # A sum of squares overflows in half precision.
        wide = [value if value.dtype.size > 2 else tf.cast(value, tf.float32) for value in floating]
        return tf.reduce_all([tf.math.is_finite(tf.nn.l2_loss(value)) for value in wide])


def _propagates_non_finite(optimizer: keras.optimizers.Optimizer) -> bool:
    """Returns whether every non-finite gradient makes the weights or the state non-finite."""
    return type(optimizer).__module__.startswith("keras.") and optimizer.clipvalue is None
