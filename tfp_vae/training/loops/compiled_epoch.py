"""A loop over batches in memory, compiled together with the step.

Keras calls a compiled function for every batch, which costs as much as the step of a small model.
Here all rows stay in one tensor, from which the compiled loop gathers each batch.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfp_vae.training.compiled_function import compiled
from tfp_vae.training.data import Batch, gathered

_SECONDS_BETWEEN_REPORTS = 0.5
_FIRST_STEPS = 8

Log = dict[str, float]


@dataclass(frozen=True)
class Steps:
    """The steps of an epoch, or of a part of it, on rows in memory.

    Attributes:
      data: The rows.
      indices: The indices of the rows, in the order of the steps, `[M]`.
      batch_size: The number of rows of a step; the last step may have fewer.
      room: The number of whole batches for which a loop is compiled, at least as many as there are:
        loops with as much room are compiled once.
    """

    data: Batch
    indices: np.ndarray
    batch_size: int
    room: int

    @property
    def count(self) -> int:
        """The number of steps."""
        return -(-len(self.indices) // self.batch_size)

    def indices_of(self, step: int) -> np.ndarray:
        """Returns the indices of the rows of a step, from 0."""
        return self.indices[step * self.batch_size : (step + 1) * self.batch_size]


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

    def run(self, steps: Steps, report: Callable[[int, Log], bool]) -> bool:
        """Runs the step on every batch; the last batch may be smaller.

        Args:
          steps: The steps.
          report: Called about twice a second with the number of batches done and the log; returns
            whether to continue.

        Returns:
          Whether all batches were run.
        """
        size = steps.batch_size
        count = len(steps.indices) // size
        batches = np.zeros([steps.room, size], steps.indices.dtype)
        batches[:count] = steps.indices[: count * size].reshape(count, size)
        whole = tf.constant(batches)
        done, several = 0, _FIRST_STEPS
        while done < count:
            several = min(several, count - done)
            started = time.perf_counter()
            values = self._whole_batches(
                steps.data, whole, tf.constant(done), tf.constant(done + several)
            )
            done += several
            if not report(done, self._log(values)):
                return False
            passed = max(time.perf_counter() - started, _SECONDS_BETWEEN_REPORTS / 250)
            several = max(1, min(8 * several, round(several * _SECONDS_BETWEEN_REPORTS / passed)))
        if done < steps.count:
            values = self._last_batch(steps.data, tf.constant(steps.indices_of(done)))
            return report(done + 1, self._log(values))
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
