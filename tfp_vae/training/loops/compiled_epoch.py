"""A loop over batches in memory, compiled together with the step.

Keras calls a compiled function for every batch, which costs as much as the step of a small model.
Here all rows stay in one tensor, from which the compiled loop gathers each batch.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfp_vae.training.compiled_function import compiled
from tfp_vae.training.data import ArraySource, gathered

_SECONDS_BETWEEN_REPORTS = 0.5
_FIRST_STEPS = 8

Log = dict[str, float]


class CompiledEpoch:
    """Runs a step over batches of an array in one compiled function.

    Args:
      step: A function of a batch, which updates the metrics and may update weights.
      metrics: The metrics of the log, in order.
      jit_compile: Whether to compile with XLA.
    """

    def __init__(
        self,
        step: Callable[[Any], Any],
        metrics: Sequence[keras.metrics.Metric],
        jit_compile: bool,
    ) -> None:
        self._step = step
        self._metrics = metrics
        options = {"jit_compile": jit_compile, "reduce_retracing": True}
        self._whole_batches = compiled(self._run_whole_batches, **options)
        self._last_batch = compiled(self._run_last_batch, **options)

    def run(
        self,
        source: ArraySource,
        order: np.ndarray,
        report: Callable[[int, Log], bool],
    ) -> bool:
        """Runs the step on every batch; the last batch may be smaller.

        Args:
          source: The rows.
          order: The row indices, in order, `[M]`.
          report: Called about twice a second with the number of batches done and the log; returns
            whether to continue.

        Returns:
          Whether all batches were run.
        """
        size = source.batch_size
        count, rest = divmod(len(order), size)
        whole = tf.constant(order[: count * size].reshape(count, size))
        done, steps = 0, _FIRST_STEPS
        while done < count:
            steps = min(steps, count - done)
            started = time.perf_counter()
            values = self._whole_batches(
                source.data, whole, tf.constant(done), tf.constant(done + steps)
            )
            done += steps
            if not report(done, self._log(values)):
                return False
            passed = max(time.perf_counter() - started, _SECONDS_BETWEEN_REPORTS / 250)
            steps = max(1, min(8 * steps, round(steps * _SECONDS_BETWEEN_REPORTS / passed)))
        if rest:
            values = self._last_batch(source.data, tf.constant(order[count * size :]))
            return report(count + 1, self._log(values))
        return True

    def _log(self, values: list[tf.Tensor]) -> Log:
        names = [metric.name for metric in self._metrics]
        return {name: float(value) for name, value in zip(names, values, strict=True)}

    def _values(self) -> list[tf.Tensor]:
        return [metric.result() for metric in self._metrics]

    def _run_last_batch(self, data: Any, indices: tf.Tensor) -> list[tf.Tensor]:
        self._step(gathered(data, indices))
        return self._values()

    def _run_whole_batches(
        self, data: Any, batches: tf.Tensor, first: tf.Tensor, end: tf.Tensor
    ) -> list[tf.Tensor]:
        def body(index: tf.Tensor) -> tuple[tf.Tensor]:
            self._step(gathered(data, batches[index]))
            return (index + 1,)

        tf.while_loop(lambda index: index < end, body, (first,), parallel_iterations=1)
        return self._values()
