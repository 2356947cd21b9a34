"""Training and evaluation on all replicas of a strategy, each on its shard of every batch."""

from functools import partial

import keras
import tensorflow as tf

from tfp_vae.training.compiled_function import compiled
from tfp_vae.training.data import BatchSource, rows_in
from tfp_vae.training.distributed.guarded_step import GuardedReplicatedStep
from tfp_vae.training.distributed.step import ReplicatedStep, agreed, score_shard
from tfp_vae.training.nonfinite import skip_or_raise
from tfp_vae.training.state import TrainingState

TensorLog = dict[str, tf.Tensor]


class ReplicaLoop:
    """Trains and evaluates on all replicas, as a single process would.

    Args:
      state: The state of training; the model is compiled.
    """

    def __init__(self, state: TrainingState) -> None:
        model = state.model
        self._state = state
        self._train_step = GuardedReplicatedStep(state)
        self._test_step = ReplicatedStep(
            model.distribute_strategy, partial(score_shard, state), model.run_eagerly
        )
        self._log_step, self._log_scores = self._logged_step, self._logged_scores
        if not model.run_eagerly:
            self._log_step = compiled(self._logged_step)
            self._log_scores = compiled(self._logged_scores)

    def check_objective(self) -> None:
        """Checks that the objective scores every row by itself, and learns from sums over rows.

        Raises:
          ValueError: If it depends on all rows of a batch together.
        """
        objective = self._state.model.objective
        if not objective.rows_are_independent or objective.learns_across_rows:
            raise ValueError(
                "`objective` must be one that scores every row by itself on several workers, each "
                f"of which sees only its shard of a batch; got {objective!r}."
            )

    def agree_on_noise(self) -> None:
        """Sets the noise of every worker to that of the first."""
        noise = self._state.noise.state
        strategy = self._state.model.distribute_strategy
        noise.assign(agreed(strategy, tf.convert_to_tensor(noise)))

    def train(
        self,
        source: BatchSource,
        epoch: int,
        key: tf.Tensor,
        callbacks: keras.callbacks.CallbackList,
    ) -> TensorLog:
        """Trains on the batches of an epoch and returns the log."""
        state = self._state
        logs: TensorLog = {}
        for index, batch in enumerate(source.epoch(epoch, key)):
            callbacks.on_train_batch_begin(index)
            step = state.step_number()
            sums = self._train_step(batch)
            if sums is None:
                state.log.skipped_steps.update_state(1)
                logs = state.logged()
            elif sums.size:
                logs = self._log_step(tf.constant(rows_in(batch)), tf.constant(sums), step)
            else:
                if state.fit_context is not None:
                    state.fit_context.order = source.order
                state.log.skipped_steps.update_state(1)
                skip_or_raise(state, batch, index)
                logs = state.logged()
            callbacks.on_train_batch_end(index, logs)
            if state.model.stop_training:
                break
        return logs

    def evaluate(self, source: BatchSource, callbacks: keras.callbacks.CallbackList) -> TensorLog:
        """Scores all batches and returns the log."""
        state = self._state
        logs: TensorLog = {}
        for index, batch in enumerate(source.epoch(0)):
            callbacks.on_test_batch_begin(index)
            rows_before = tf.cast(state.log.rows_seen, tf.int64)
            sums = self._test_step(batch, rows_before)
            rows = tf.constant(rows_in(batch))
            logs = self._log_scores(rows, tf.constant(sums), state.step_number())
            callbacks.on_test_batch_end(index, logs)
        return logs

    def _logged_step(self, rows: tf.Tensor, sums: tf.Tensor, step: tf.Tensor) -> TensorLog:
        """Adds a training step to the log, and returns the log."""
        self._state.log.update_by_sums(rows, sums, step)
        return self._state.logged()

    def _logged_scores(self, rows: tf.Tensor, sums: tf.Tensor, step: tf.Tensor) -> TensorLog:
        """Adds a batch of an evaluation to the log, and returns the log."""
        self._state.log.update_by_sums(rows, sums, step)
        return {metric.name: metric.result() for metric in self._state.log.metrics}
