"""A training step on all replicas that is skipped on all if a loss or gradient is non-finite."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf

from tfp_vae import replica_context
from tfp_vae.training.compiled_function import compiled
from tfp_vae.training.distributed.step import ReplicatedStep, scored_shard, sums_of_shard
from tfp_vae.training.state import TrainingState
from tfp_vae.training.steps import changed_by_scoring, global_norm, step_is_finite


def gradients_on_shard(
    state: TrainingState, batch: Any, shard: replica_context.BatchShard
) -> tuple[list[Any], tf.Tensor]:
    """Computes the gradients of the loss of a shard, inside a replica.

    Args:
      state: The state of training.
      batch: x, y and weights of the shard; y and weights may be missing.
      shard: Which rows of the global batch they are.

    Returns:
      The gradient of every trainable weight, or None where it has none; and `[6 + M]`: the
      contribution of the shard to the mean loss of the global batch, the sums of elbo,
      log-likelihood, KL divergence and metrics over the shard, 1 if the loss or a gradient is
      non-finite, else 0, and on the first replica the global norm of the gradients if it is
      limited, else 0.
    """
    model, step = state.model, state.step_number()
    with tf.GradientTape() as tape:
        loss, terms, values = scored_shard(
            state, batch, shard, state.step_seed(step), step, training=True
        )
        scaled = model.optimizer.scale_loss(loss)
    gradients = tape.gradient(scaled, model.trainable_variables)
    replicas = tf.distribute.get_replica_context().num_replicas_in_sync
    limited = state.skip_gradients_above is not None
    if limited or _clips(model.optimizer):
        gradients, replicas = _summed_on_first_replica(gradients), 1
    finite = step_is_finite(model.optimizer, loss, gradients, replicas)
    sums = sums_of_shard(loss, terms, values)
    norm = tf.cast(global_norm(gradients) if limited else 0.0, sums.dtype)
    return gradients, tf.concat([sums, [tf.cast(~finite, sums.dtype), norm]], axis=0)


def _clips(optimizer: Any) -> bool:
    limits = ("clipnorm", "global_clipnorm", "clipvalue")
    return any(getattr(optimizer, limit, None) is not None for limit in limits)


def _summed_on_first_replica(gradients: Sequence[Any]) -> list[Any]:
    """Returns the gradient of the global batch on the first replica, and zeros on the others.

    Keras clips the gradient of every replica before it sums them; this way the sum is the clipped
    gradient of the global batch.
    """
    context = tf.distribute.get_replica_context()
    first = tf.equal(context.replica_id_in_sync_group, 0)
    known = [gradient for gradient in gradients if gradient is not None]
    totals = iter(context.all_reduce(tf.distribute.ReduceOp.SUM, known))
    return [
        None if gradient is None else tf.cast(first, gradient.dtype) * next(totals)
        for gradient in gradients
    ]


class GuardedReplicatedStep(ReplicatedStep):
    """Takes a step on all replicas, or on none.

    Args:
      state: The state of training; the model is compiled.
    """

    def __init__(self, state: TrainingState) -> None:
        model = state.model
        step = partial(gradients_on_shard, state)
        super().__init__(model.distribute_strategy, step, model.run_eagerly)
        self._state = state
        self._apply = self._on_all
        if not model.run_eagerly:
            self._apply = compiled(self._on_all, reduce_retracing=True)

    def __call__(self, parts: Any, *arguments: Any) -> Any:
        """Takes the step on a global batch, all rows of which are on every worker.

        The decision to take it is made in Python, since a reduction over replicas inside `tf.cond`
        deadlocks.

        Args:
          parts: x, or a tuple of x, y and weights, some of which may be None.
          *arguments: None.

        Returns:
          The loss, and the sums of elbo, log-likelihood, KL divergence and metrics, `[4 + M]`;
          empty, `[0]`, if the loss or a gradient is non-finite; None if the gradients are larger
          than is allowed.
        """
        changing = [each for each in changed_by_scoring(self._state) if each.aggregation != "none"]
        before = [tf.identity(tf.convert_to_tensor(variable)) for variable in changing]
        gradients, total = self.outputs(parts, *arguments)
        *sums, failures, norm = total.numpy()
        limit = self._state.skip_gradients_above
        if not failures and limit is not None and np.isfinite(norm) and norm > limit:
            return None
        if not failures:
            self._apply(gradients)
            return np.array(sums)
        for variable, value in zip(changing, before, strict=True):
            variable.assign(value)
        return np.array([])

    def _on_replicas(
        self, parts: Any, first_row: Any, batch_rows: tf.Tensor, *arguments: tf.Tensor
    ) -> Any:
        gradients, sums = self._outputs(parts, first_row, batch_rows, *arguments)
        return gradients, self._sum(sums)

    def _on_all(self, gradients: Any) -> None:
        def on_replica(gradients: Any) -> None:
            # A sum over workers needs tensors on a device; arguments of a `tf.function` have none.
            placed = [each if each is None else tf.identity(each) for each in gradients]
            pairs = zip(placed, self._state.model.trainable_variables, strict=True)
            self._state.model.optimizer.apply_gradients(pairs)

        self._strategy.run(on_replica, args=(gradients,))
