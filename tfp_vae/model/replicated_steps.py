"""Steps that several replicas take together, each on its share of the batch.

Replicas are the devices of a `tf.distribute.Strategy`, on one machine or on several. Noise is keyed
by the place of a row in the whole batch, the loss is the mean over the whole batch, and gradients
and logs are sums over the replicas, so that a step is the one that a single process would take.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tfp_vae import seeds, shares
from tfp_vae.objectives import ObjectiveTerms


def train_on_share(model: Any, parts: Any, share: shares.Share) -> tf.Tensor:
    """Takes a step of the optimizer, inside a replica.

    Args:
      model: The model.
      parts: x, y and weights of the share; y and weights may be missing.
      share: Which rows of the batch they are.

    Returns:
      What the rows of the share add to loss, elbo, log-likelihood and KL divergence of the whole
      batch, `[4]`: the first already a part of a mean, the others sums.
    """
    step = tf.convert_to_tensor(model.optimizer.iterations)
    seed = seeds.fold_in(model.noise_key(), step)
    variables = model.trainable_variables
    with tf.GradientTape() as tape:
        loss, terms = _scored(model, parts, share, seed, step, training=True)
        scaled = model.optimizer.scale_loss(loss)
    gradients = tape.gradient(scaled, variables)
    if _clips(model.optimizer):
        gradients = _summed_on_first_replica(gradients)
    model.optimizer.apply_gradients(zip(gradients, variables, strict=True))
    return _sums(loss, terms)


def test_on_share(model: Any, parts: Any, share: shares.Share, rows_before: Any) -> tf.Tensor:
    """Scores a share, inside a replica, with noise that depends only on its place in the data.

    Args:
      model: The model.
      parts: x, y and weights of the share; y and weights may be missing.
      share: Which rows of the batch they are.
      rows_before: How many rows came before the batch.

    Returns:
      The same as `train_on_share`.
    """
    step = tf.convert_to_tensor(model.optimizer.iterations)
    seed = seeds.fold_in(seeds.as_seed(seeds.EVALUATION), rows_before)
    return _sums(*_scored(model, parts, share, seed, step, training=False))


def _scored(
    model: Any, parts: Any, share: shares.Share, seed: tf.Tensor, step: Any, training: bool
) -> tuple[tf.Tensor, ObjectiveTerms]:
    x, condition, weights = model.unpacked(parts)
    with shares.taking(share):
        terms = model.objective_terms(x, seed, step, training, condition)
    objective = terms.objective
    if weights is not None:
        objective = objective * tf.cast(weights, objective.dtype)
    replicas = tf.distribute.get_replica_context().num_replicas_in_sync
    penalties = [tf.cast(penalty, objective.dtype) / replicas for penalty in model.losses]
    mean = tf.reduce_sum(objective) / tf.cast(share.batch_rows, objective.dtype)
    return tf.add_n([-mean, *penalties]), terms


def _sums(loss: tf.Tensor, terms: ObjectiveTerms) -> tf.Tensor:
    named = (terms.elbo, terms.log_likelihood, terms.kl_divergence)
    return tf.stack([loss, *(tf.reduce_sum(term) for term in named)])


def _clips(optimizer: Any) -> bool:
    limits = ("clipnorm", "global_clipnorm", "clipvalue")
    return any(getattr(optimizer, limit, None) is not None for limit in limits)


def _summed_on_first_replica(gradients: Sequence[Any]) -> list[Any]:
    """Returns the gradient of the whole batch on the first replica, and zeros on the others.

    Keras clips the gradient of every replica before it sums them; so the sum is the clipped
    gradient of the batch.
    """
    context = tf.distribute.get_replica_context()
    first = tf.equal(context.replica_id_in_sync_group, 0)
    known = [gradient for gradient in gradients if gradient is not None]
    totals = iter(context.all_reduce(tf.distribute.ReduceOp.SUM, known))
    return [
        None if gradient is None else tf.cast(first, gradient.dtype) * next(totals)
        for gradient in gradients
    ]


class ReplicatedStep:
    """Runs a step on all replicas at once.

    Args:
      strategy: The strategy that the model was made under.
      step: `train_on_share` or `test_on_share`, of a model.
      run_eagerly: Whether to run Python at every step.
    """

    def __init__(
        self, strategy: tf.distribute.Strategy, step: Callable[..., tf.Tensor], run_eagerly: bool
    ) -> None:
        self._strategy = strategy
        self._step = step
        self._run = self._on_replicas
        if not run_eagerly:
            self._run = tf.function(self._on_replicas, autograph=False, reduce_retracing=True)

    def __call__(self, parts: Any, *arguments: Any) -> np.ndarray:
        """Runs the step on a whole batch, of which every worker has all rows.

        Args:
          parts: x, or a tuple of x, y and weights, some of which may be None.
          *arguments: What the step takes after its share.

        Returns:
          The sums of what the step returns, over all replicas.
        """
        rows = int(tf.nest.flatten(parts)[0].shape[0])
        shared = self._strategy.experimental_distribute_values_from_function
        replicas = self._strategy.num_replicas_in_sync

        def bounds(context: Any) -> tuple[int, int]:
            replica = int(context.replica_id_in_sync_group)
            return rows * replica // replicas, rows * (replica + 1) // replicas

        def share_of(part: Any) -> Any:
            if part is None:
                return None
            return shared(lambda context: tf.convert_to_tensor(part[slice(*bounds(context))]))

        first_row = shared(lambda context: tf.constant(bounds(context)[0]))
        return self._run(
            tf.nest.map_structure(share_of, parts),
            first_row,
            tf.constant(rows),
            *(tf.convert_to_tensor(argument) for argument in arguments),
        ).numpy()

    def _on_replicas(
        self, parts: Any, first_row: Any, batch_rows: tf.Tensor, *arguments: tf.Tensor
    ) -> tf.Tensor:
        def on_replica(parts: Any, first_row: tf.Tensor) -> tf.Tensor:
            return self._step(parts, shares.Share(first_row, batch_rows), *arguments)

        outputs = self._strategy.run(on_replica, args=(parts, first_row))
        return self._strategy.reduce(tf.distribute.ReduceOp.SUM, outputs, axis=None)


class AnyReplica:
    """Tells on every replica whether something holds on one of them.

    Args:
      strategy: The strategy of the replicas.
    """

    def __init__(self, strategy: tf.distribute.Strategy) -> None:
        self._strategy = strategy
        self._count = tf.function(self._counted, autograph=False)

    def __call__(self, holds: bool) -> bool:
        """Returns whether it holds anywhere; every replica must ask.

        Args:
          holds: Whether it holds here.
        """
        return bool(self._count(tf.constant(int(holds))) > 0)

    def _counted(self, holds: tf.Tensor) -> tf.Tensor:
        here = self._strategy.run(lambda: tf.identity(holds))
        return self._strategy.reduce(tf.distribute.ReduceOp.SUM, here, axis=None)


def agreed(strategy: tf.distribute.Strategy, value: tf.Tensor) -> tf.Tensor:
    """Returns the value that the first of several workers has, on all of them."""

    def on_replica() -> tf.Tensor:
        first = tf.equal(tf.distribute.get_replica_context().replica_id_in_sync_group, 0)
        return tf.where(first, value, tf.zeros_like(value))

    def on_replicas() -> tf.Tensor:
        return strategy.reduce(tf.distribute.ReduceOp.SUM, strategy.run(on_replica), axis=None)

    return tf.function(on_replicas, autograph=False)()
