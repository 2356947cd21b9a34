"""Training and evaluation batch by batch, with callbacks at every batch."""

from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf

from tfp_vae.training.compiled_function import compiled
from tfp_vae.training.data import Batch, BatchSource
from tfp_vae.training.nonfinite import skip_or_raise
from tfp_vae.training.state import TrainingState
from tfp_vae.training.steps import ScoredBatch, TrainStep

TensorLog = dict[str, tf.Tensor]


class BatchByBatch:
    """Trains with guarded steps and evaluates, one batch at a time.

    Args:
      state: The state of training; the model is compiled.
      step: The guarded step.
    """

    def __init__(self, state: TrainingState, step: TrainStep) -> None:
        self._state, self._step = state, step
        model = state.model
        self._next, self._several = self._next_scored, self._several_steps
        self._test_next = self._next_tested
        self._custom_step, self._test_step = model.train_step, model.test_step
        if not model.run_eagerly:
            self._next = compiled(self._next_scored, reduce_retracing=True)
            self._several = compiled(self._several_steps, reduce_retracing=True)
            options = {"reduce_retracing": True, "jit_compile": model.jit_compile}
            self._custom_step = compiled(model.train_step, **options)
            self._test_step = compiled(model.test_step, **options)
            # The shapes of an iterator's batches are the same for all of them.
            self._test_next = compiled(self._next_tested, reduce_retracing=True)
        self._batches = 0

    def train(
        self,
        source: BatchSource,
        epoch: int,
        key: tf.Tensor,
        callbacks: keras.callbacks.CallbackList,
    ) -> TensorLog:
        """Trains on the batches of an epoch and returns the log."""
        iterator = source.epoch(epoch, key)
        if self._state.fit_context is not None:
            self._state.fit_context.order = source.order
        self._batches = 0
        logs: TensorLog = {}
        while source.count is None or self._batches < source.count:
            callbacks.on_train_batch_begin(self._batches)
            try:
                logs = self.train_on_next(iterator)
            except (StopIteration, tf.errors.OutOfRangeError):
                break
            callbacks.on_train_batch_end(self._batches - 1, logs)
            if self._state.model.stop_training:
                break
        return logs

    def evaluate(self, source: BatchSource, callbacks: keras.callbacks.CallbackList) -> TensorLog:
        """Scores all batches and returns the log."""
        iterator = source.epoch(0)
        index, logs = 0, {}
        while source.count is None or index < source.count:
            callbacks.on_test_batch_begin(index)
            try:
                logs = self._tested_on_next(iterator)
            except (StopIteration, tf.errors.OutOfRangeError):
                break
            callbacks.on_test_batch_end(index, logs)
            index += 1
        return logs

    def train_on_next(self, iterator: Iterator[Batch]) -> TensorLog:
        """Takes `steps_per_execution` steps, and returns the log.

        Args:
          iterator: An iterator of batches.

        Raises:
          StopIteration: If there are no more batches.
          tf.errors.OutOfRangeError: The same, if TensorFlow reads the batches.
        """
        logs: TensorLog
        steps = self._state.model.steps_per_execution
        if not isinstance(iterator, tf.data.Iterator) or self._state.model.has_custom_train_step:
            logs = self._on_batch(next(iterator))
            for _, batch in zip(range(steps - 1), iterator, strict=False):
                logs = self._on_batch(batch)
            return logs
        if steps == 1:
            return self._finished(*self._next(iterator))
        last, begun, finite, logs = self._several(iterator)
        if not begun:
            raise StopIteration
        self._batches += int(begun)
        if not finite:
            skip_or_raise(self._state, last.get_value(), self._batches - 1)
        return logs

    def _tested_on_next(self, iterator: Iterator[Batch]) -> TensorLog:
        in_graph = isinstance(iterator, tf.data.Iterator)
        logs: TensorLog = self._test_next(iterator) if in_graph else self._test_step(next(iterator))
        return logs

    def _on_batch(self, batch: Batch) -> TensorLog:
        if self._state.model.has_custom_train_step:
            self._batches += 1
            logs: TensorLog = self._custom_step(batch)
            return logs
        return self._finished(batch, *self._step.score(batch))

    def _finished(self, batch: Batch, scored: ScoredBatch, finite: tf.Tensor) -> TensorLog:
        """Takes the second half of a step, and returns the log.

        The decision to take it is made in Python; in TensorFlow it would be slower.
        """
        self._batches += 1
        if finite:
            logs: TensorLog = self._step.apply(scored)
            return logs
        self._state.log.skipped_steps.update_state(1)
        skip_or_raise(self._state, batch, self._batches - 1)
        return self._state.logged()

    def _next_scored(self, iterator: Any) -> tuple[Batch, ScoredBatch, tf.Tensor]:
        batch = iterator.get_next()
        return batch, *self._step.score(batch)

    def _next_tested(self, iterator: Any) -> TensorLog:
        logs: TensorLog = self._test_step(iterator.get_next())
        return logs

    def _several_steps(self, iterator: Any) -> Any:
        stops = not self._state.skips
        steps = self._state.model.steps_per_execution

        def goes_on(begun: tf.Tensor, finite: tf.Tensor, batch: Any) -> tf.Tensor:
            return (begun < steps) & finite & batch.has_value()

        def body(begun: tf.Tensor, finite: tf.Tensor, batch: Any) -> Any:
            taken = self._step(batch.get_value())
            finite = taken if stops else finite
            begun += 1
            more = finite & (begun < steps)
            return begun, finite, tf.cond(more, iterator.get_next_as_optional, lambda: batch)

        begun, finite, batch = tf.while_loop(
            goes_on, body, (0, tf.constant(True), iterator.get_next_as_optional())
        )
        return batch, begun, finite, self._state.logged()
