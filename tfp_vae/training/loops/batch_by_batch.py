"""The function that Keras's `fit` calls for every batch, where it goes batch by batch."""

from collections.abc import Iterator
from typing import Any

import tensorflow as tf

from tfp_vae.training.steps.train_step import GuardedStep, Scored


class BatchByBatch:
    """Takes guarded steps on the batches that an iterator gives.

    Args:
      model: The model, compiled.
      step: Its guarded step.
    """

    def __init__(self, model: Any, step: GuardedStep) -> None:
        self._model, self._step = model, step
        self._next, self._several = self._next_scored, self._several_steps
        if not model.run_eagerly:
            options = {"autograph": False, "reduce_retracing": True}
            self._next = tf.function(self._next_scored, **options)
            self._several = tf.function(self._several_steps, **options)
        self._batches = 0

    def begin_epoch(self) -> None:
        """Counts batches from 0 again."""
        self._batches = 0

    def __call__(self, iterator: Iterator[Any]) -> dict[str, tf.Tensor]:
        """Takes the steps of one call, as many as `steps_per_execution`, and returns the log.

        Args:
          iterator: What gives batches.

        Raises:
          StopIteration: If there is no batch any more.
          tf.errors.OutOfRangeError: The same, as TensorFlow says it.
        """
        steps = self._model.steps_per_execution
        if not isinstance(iterator, tf.data.Iterator):
            for _, data in zip(range(steps), iterator, strict=False):
                logs = self._finished(data, *self._step.score(data))
            return logs
        if steps == 1:
            return self._finished(*self._next(iterator))
        last, begun, finite, logs = self._several(iterator)
        if not begun:
            raise StopIteration
        self._batches += int(begun)
        if not finite:
            self._model.not_taken(last.get_value(), self._batches - 1)
        return logs

    def _finished(self, data: Any, step: Scored, finite: tf.Tensor) -> dict[str, tf.Tensor]:
        """Takes the second half of a step, and returns the log.

        Python chooses whether to take it, rather than TensorFlow, which would be slower.
        """
        self._batches += 1
        if finite:
            return self._step.take(step)
        self._model.skipped_steps.update_state(1)
        self._model.not_taken(data, self._batches - 1)
        return self._model.get_metrics_result()

    def _next_scored(self, iterator: Any) -> tuple[Any, Any, tf.Tensor]:
        data = _without_optionals(iterator.get_next())
        return data, *self._step.score(data)

    def _several_steps(self, iterator: Any) -> Any:
        stops = not self._model.skips
        steps = self._model.steps_per_execution

        def goes_on(begun: tf.Tensor, finite: tf.Tensor, batch: Any) -> tf.Tensor:
            return (begun < steps) & finite & batch.has_value()

        def body(begun: tf.Tensor, finite: tf.Tensor, batch: Any) -> Any:
            taken = self._step(_without_optionals(batch.get_value()))
            finite = taken if stops else finite
            begun += 1
            more = finite & (begun < steps)
            return begun, finite, tf.cond(more, iterator.get_next_as_optional, lambda: batch)

        begun, finite, batch = tf.while_loop(
            goes_on, body, (0, tf.constant(True), iterator.get_next_as_optional())
        )
        return batch, begun, finite, self._model.get_metrics_result()


def _without_optionals(data: Any) -> Any:
    """Returns a batch with None where Keras puts an empty option."""
    return tf.nest.map_structure(
        lambda part: None if isinstance(part, tf.experimental.Optional) else part, data
    )
