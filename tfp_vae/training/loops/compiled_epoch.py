"""Whole epochs in one compiled loop, for data that is an array.

Keras calls a compiled function for every batch, and what passes between Python and TensorFlow
there costs as much as the step of a small model. Here the rows stay in one tensor, and the loop
over batches, which gathers its rows itself, is compiled together with the step.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import keras
import numpy as np
import tensorflow as tf

Step = Callable[[Any], Any]
"""What is done with a batch, such as a Keras train or test step."""

Batchable: TypeAlias = Any
"""A tensor of all rows of x, `[N, *event]`, or a pair of that and of their conditions y."""

_BATCH_HOOKS = (
    "on_batch_begin",
    "on_batch_end",
    "on_train_batch_begin",
    "on_train_batch_end",
    "on_test_batch_begin",
    "on_test_batch_end",
)
_SECONDS_BETWEEN_REPORTS = 0.5
_FIRST_STEPS = 8


def want_every_batch(callbacks: Any) -> bool:
    """Tells whether a callback wants to be called at every batch.

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


def shuffled_order(rows: int, key: Any, epoch: int) -> np.ndarray:
    """Returns the row numbers in the random order that belongs to `key` and `epoch`."""
    words = [int(word) for word in np.asarray(key).astype(np.uint32)]
    return np.random.default_rng([*words, epoch]).permutation(rows).astype(np.int32)


def gathered(rows: Batchable, weights: tf.Tensor | None, indices: tf.Tensor) -> Any:
    """Returns a batch as a Keras step takes it.

    Args:
      rows: All rows, `[N, *event]`, or (x, y) for a model of p(x|y).
      weights: Their weights, `[N]`, or None.
      indices: The numbers of those of the batch, `[B]`.
    """
    batch = tf.nest.map_structure(lambda each: tf.gather(each, indices), rows)
    if weights is None:
        return batch
    x, y = batch if isinstance(batch, tuple) else (batch, None)
    return x, y, tf.gather(weights, indices)


class EpochLoop:
    """Runs a step over all batches of an epoch in one compiled function.

    Args:
      step: The step, which updates the metrics and may update weights.
      metrics: What the log shows, in order.
      jit_compile: Whether to compile with XLA.
    """

    def __init__(
        self, step: Step, metrics: Sequence[keras.metrics.Metric], jit_compile: bool
    ) -> None:
        self._step = step
        self._metrics = metrics
        options = {"jit_compile": jit_compile, "autograph": False, "reduce_retracing": True}
        self._whole_batches = tf.function(self._run_whole_batches, **options)
        self._last_batch = tf.function(self._run_last_batch, **options)

    def run(
        self,
        rows: Batchable,
        weights: tf.Tensor | None,
        order: np.ndarray,
        batch_size: int,
        report: Callable[[int, dict[str, Any]], bool],
    ) -> bool:
        """Runs over every batch, the last of which may be smaller.

        Args:
          rows: All rows, `[N, *event]`, or (x, y) for a model of p(x|y).
          weights: Their weights, `[N]`, or None.
          order: The row numbers in the order of the epoch, `[N]`.
          batch_size: How many rows make a batch.
          report: Called now and then with the number of batches done and the log; returns whether
            to go on.

        Returns:
          Whether it went on to the end.
        """
        count, rest = divmod(len(order), batch_size)
        whole = tf.constant(order[: count * batch_size].reshape(count, batch_size))
        done, steps = 0, _FIRST_STEPS
        while done < count:
            steps = min(steps, count - done)
            started = time.perf_counter()
            values = self._whole_batches(
                rows, weights, whole, tf.constant(done), tf.constant(done + steps)
            )
            done += steps
            if not report(done, self._log(values)):
                return False
            passed = max(time.perf_counter() - started, _SECONDS_BETWEEN_REPORTS / 250)
            steps = max(1, min(8 * steps, round(steps * _SECONDS_BETWEEN_REPORTS / passed)))
        if rest:
            values = self._last_batch(rows, weights, tf.constant(order[count * batch_size :]))
            return report(count + 1, self._log(values))
        return True

    def _log(self, values: list[tf.Tensor]) -> dict[str, float]:
        names = [metric.name for metric in self._metrics]
        return {name: float(value) for name, value in sorted(zip(names, values, strict=True))}

    def _values(self) -> list[tf.Tensor]:
        return [metric.result() for metric in self._metrics]

    def _run_step(self, rows: Batchable, weights: tf.Tensor | None, indices: tf.Tensor) -> None:
        self._step(gathered(rows, weights, indices))

    def _run_last_batch(
        self, rows: Batchable, weights: tf.Tensor | None, indices: tf.Tensor
    ) -> list[tf.Tensor]:
        self._run_step(rows, weights, indices)
        return self._values()

    def _run_whole_batches(
        self,
        rows: Batchable,
        weights: tf.Tensor | None,
        batches: tf.Tensor,
        first: tf.Tensor,
        end: tf.Tensor,
    ) -> list[tf.Tensor]:
        def body(index: tf.Tensor) -> tuple[tf.Tensor]:
            self._run_step(rows, weights, batches[index])
            return (index + 1,)

        tf.while_loop(lambda index: index < end, body, (first,), parallel_iterations=1)
        return self._values()
