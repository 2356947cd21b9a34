"""Steps that all replicas take together, each on its shard of the global batch.

Replicas are the devices of a `tf.distribute.Strategy`, on one machine or several. Noise is keyed by
the index of a row in the global batch, the loss is the mean over the global batch, and gradients
and logs are summed over the replicas: a step is the one that a single process would take.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from tfp_vae import replica_context
from tfp_vae.objectives import ObjectiveTerms
from tfp_vae.training.compiled_function import compiled
from tfp_vae.training.state import TrainingState


def score_shard(
    state: TrainingState, batch: Any, shard: replica_context.BatchShard, rows_before: tf.Tensor
) -> tf.Tensor:
    """Scores a shard, inside a replica, with noise keyed by its position in the data.

    Args:
      state: The state of training.
      batch: x, y and weights of the shard; y and weights may be missing.
      shard: Which rows of the global batch they are.
      rows_before: The number of rows before the global batch.

    Returns:
      `[4]`: the contribution of the shard to the mean loss of the global batch, and the sums of
      elbo, log-likelihood and KL divergence over the shard, in nats.
    """
    step = state.step_number()
    seed = state.evaluation_seed(rows_before)
    return sums_of_shard(*scored_shard(state, batch, shard, seed, step, training=False))


def scored_shard(
    state: TrainingState,
    batch: Any,
    shard: replica_context.BatchShard,
    seed: tf.Tensor,
    step: tf.Tensor,
    training: bool,
) -> tuple[tf.Tensor, ObjectiveTerms, dict[str, tf.Tensor]]:
    """Returns what a shard adds to the mean loss, a scalar, and the terms and metrics of its rows.

    Args:
      state: The state of training.
      batch: x, y and weights of the shard; y and weights may be missing.
      shard: Which rows of the global batch they are.
      seed: The seed of the step.
      step: The number of the step.
      training: Whether the networks run as in training.
    """
    model = state.model
    x, condition, weights = state.unpacked(batch)
    with replica_context.shard_scope(shard):
        terms, values = model.scored_terms(x, seed, step, training, condition)
    objective = terms.objective
    if weights is not None:
        objective = objective * tf.cast(weights, objective.dtype)
    replicas = tf.distribute.get_replica_context().num_replicas_in_sync
    penalties = [tf.cast(penalty, objective.dtype) / replicas for penalty in model.losses]
    mean = tf.reduce_sum(objective) / tf.cast(shard.global_batch_size, objective.dtype)
    return tf.add_n([-mean, *penalties]), terms, values


def sums_of_shard(
    loss: tf.Tensor, terms: ObjectiveTerms, values: dict[str, tf.Tensor]
) -> tf.Tensor:
    """Returns the loss, and the sums of the bound, its two terms and the metrics, `[4 + M]`."""
    named = (terms.elbo, terms.log_likelihood, terms.kl_divergence, *values.values())
    return tf.stack([loss, *(tf.reduce_sum(term) for term in named)])


class ReplicatedStep:
    """Runs a step on all replicas at once.

    Args:
      strategy: The strategy that the model was made under.
      step: A function of a batch and its shard, such as `score_shard`.
      run_eagerly: Whether every step runs in Python.
    """

    def __init__(
        self, strategy: tf.distribute.Strategy, step: Callable[..., Any], run_eagerly: bool
    ) -> None:
        self._strategy = strategy
        self._step = step
        self._run = self._on_replicas
        if not run_eagerly:
            self._run = compiled(self._on_replicas, reduce_retracing=True)

    def __call__(self, parts: Any, *arguments: Any) -> np.ndarray:
        """Runs the step on a global batch, all rows of which are on every worker.

        Args:
          parts: x, or a tuple of x, y and weights, some of which may be None.
          *arguments: The further arguments of the step.

        Returns:
          The outputs of the step, summed over all replicas.
        """
        return np.asarray(self.outputs(parts, *arguments))

    def outputs(self, parts: Any, *arguments: Any) -> Any:
        """Returns the outputs for a global batch.

        Args:
          parts: x, or a tuple of x, y and weights, some of which may be None.
          *arguments: The further arguments of the step.
        """
        rows = int(tf.nest.flatten(parts)[0].shape[0])
        shared = self._strategy.experimental_distribute_values_from_function
        replicas = self._strategy.num_replicas_in_sync

        def bounds(context: Any) -> tuple[int, int]:
            replica = int(context.replica_id_in_sync_group)
            return rows * replica // replicas, rows * (replica + 1) // replicas

        def shard_of(part: Any) -> Any:
            if part is None:
                return None
            return shared(lambda context: tf.convert_to_tensor(part[slice(*bounds(context))]))

        first_row = shared(lambda context: tf.constant(bounds(context)[0]))
        return self._run(
            tf.nest.map_structure(shard_of, parts),
            first_row,
            tf.constant(rows),
            *(tf.convert_to_tensor(argument) for argument in arguments),
        )

    def _on_replicas(
        self, parts: Any, first_row: Any, batch_rows: tf.Tensor, *arguments: tf.Tensor
    ) -> Any:
        return self._sum(self._outputs(parts, first_row, batch_rows, *arguments))

    def _outputs(
        self, parts: Any, first_row: Any, batch_rows: tf.Tensor, *arguments: tf.Tensor
    ) -> Any:
        def on_replica(parts: Any, first_row: tf.Tensor) -> Any:
            return self._step(parts, replica_context.BatchShard(first_row, batch_rows), *arguments)

        return self._strategy.run(on_replica, args=(parts, first_row))

    def _sum(self, outputs: Any) -> tf.Tensor:
        return self._strategy.reduce(tf.distribute.ReduceOp.SUM, outputs, axis=None)


class AnyReplica:
    """Logical or over all replicas.

    Args:
      strategy: The strategy of the replicas.
    """

    def __init__(self, strategy: tf.distribute.Strategy) -> None:
        self._strategy = strategy
        self._count = compiled(self._counted)

    def __call__(self, holds: bool) -> bool:
        """Returns whether `holds` is true on any replica; every replica must call it.

        Args:
          holds: The value of this replica.
        """
        return bool(self._count(tf.constant(int(holds))) > 0)

    def _counted(self, holds: tf.Tensor) -> tf.Tensor:
        here = self._strategy.run(lambda: tf.identity(holds))
        return self._strategy.reduce(tf.distribute.ReduceOp.SUM, here, axis=None)


def agreed(strategy: tf.distribute.Strategy, value: tf.Tensor) -> tf.Tensor:
    """Returns the value of the first worker, on every worker."""

    def on_replica() -> tf.Tensor:
        first = tf.equal(tf.distribute.get_replica_context().replica_id_in_sync_group, 0)
        return tf.where(first, value, tf.zeros_like(value))

    def on_replicas() -> tf.Tensor:
        return strategy.reduce(tf.distribute.ReduceOp.SUM, strategy.run(on_replica), axis=None)

    return compiled(on_replicas)()
