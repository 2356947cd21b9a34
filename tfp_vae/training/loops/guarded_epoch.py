"""Compiled epochs whose steps leave the model as it was where a loss or gradient is not finite.

To look at every gradient before it is used costs a small network some percent of its step. What is
not finite stays: it goes from the gradients into the weights and the optimizer's state, and from
these into every loss that follows. So steps are taken without a look, some hundred in a row, and if
then the loss or the state holds what is not finite, everything is put back and the same steps are
taken once more with a look at each.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from tfp_vae.training.loops.compiled_epoch import Batchable, EpochLoop, gathered
from tfp_vae.training.steps.in_place_updates import waiting_for_all
from tfp_vae.training.steps.train_step import GuardedStep, scored, taken

_STEPS_IN_A_ROW = 512


class GuardedEpochLoop:
    """Takes guarded steps on all batches of an epoch.

    Args:
      model: The model, compiled.
      step: Its guarded step.
    """

    def __init__(self, model: Any, step: GuardedStep) -> None:
        self._model, self._step = model, step
        self._loop = EpochLoop(self._unguarded, model.metrics, model.jit_compile)
        self._values = tf.function(self._read, autograph=False)
        self._finite = tf.function(self._is_finite, autograph=False)

    def run(
        self,
        rows: Batchable,
        weights: tf.Tensor | None,
        order: np.ndarray,
        batch_size: int,
        report: Callable[[int, dict[str, Any]], Any],
    ) -> None:
        """Runs over every batch, the last of which may be smaller.

        Args:
          rows: All rows, `[N, *event]`, or (x, y) for a model of p(x|y).
          weights: Their weights, `[N]`, or None.
          order: The row numbers in the order of the epoch, `[N]`.
          batch_size: How many rows make a batch.
          report: Called now and then with the number of batches done and the log.
        """
        looks_at_each = not _keeps_what_is_not_finite(self._model.optimizer)
        for done in range(0, -(-len(order) // batch_size), _STEPS_IN_A_ROW):
            part = order[done * batch_size : (done + _STEPS_IN_A_ROW) * batch_size]

            def reported(count: int, logs: dict[str, Any], done: int = done) -> bool:
                finite = bool(np.isfinite(logs["loss"]))
                if finite:
                    report(done + count, logs)
                return finite

            if not looks_at_each:
                before = self._values()
                if self._loop.run(rows, weights, part, batch_size, reported) and self._finite():
                    continue
                for variable, value in zip(self._state(), before, strict=True):
                    variable.assign(value)
            for index, start in enumerate(range(0, len(part), batch_size), start=done):
                batch = gathered(rows, weights, tf.constant(part[start : start + batch_size]))
                if not self._step(batch):
                    self._model.not_taken(batch, index)
                logs = self._model.get_metrics_result()
                report(index + 1, {name: float(value) for name, value in logs.items()})

    def _unguarded(self, batch: Any) -> None:
        step = scored(self._model, batch)
        if self._model.jit_compile:
            step = step._replace(gradients=waiting_for_all(step.gradients))
        taken(self._model, step)

    def _state(self) -> list[Any]:
        model = self._model
        return [*model.variables, *model.metrics_variables, *model.optimizer.variables]

    def _read(self) -> list[tf.Tensor]:
        return [tf.identity(variable) for variable in self._state()]

    def _is_finite(self) -> tf.Tensor:
        """Tells whether the sums of squares of all variables are finite, a boolean scalar."""
        floating = [value for value in self._read() if value.dtype.is_floating]
        # Sums of squares of half precision would soon be infinite.
        wide = [value if value.dtype.size > 2 else tf.cast(value, tf.float32) for value in floating]
        return tf.reduce_all([tf.math.is_finite(tf.nn.l2_loss(value)) for value in wide])


def _keeps_what_is_not_finite(optimizer: Any) -> bool:
    """Tells whether a gradient that is not finite is sure to leave a trace in weights or state."""
    return type(optimizer).__module__.startswith("keras.") and optimizer.clipvalue is None
