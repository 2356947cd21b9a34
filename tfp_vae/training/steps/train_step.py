"""A training step that is skipped if the loss or a gradient is non-finite."""

from typing import Any, NamedTuple

import tensorflow as tf

from tfp_vae.objectives import ObjectiveTerms
from tfp_vae.training.compiled_function import compiled
from tfp_vae.training.state import TrainingState
from tfp_vae.training.steps.gradient_checks import (
    Gradient,
    exceeds,
    global_norm,
    step_is_finite,
)


class ScoredBatch(NamedTuple):
    """The loss of a batch and its gradients.

    Attributes:
      loss: A scalar, in nats.
      terms: The terms of the objective, `[B]` each, in nats.
      values: The values of the caller's own metrics, `[B]` each, by name.
      step: The step number, an integer scalar.
      gradients: The gradient of every trainable weight, or None where it has none.
    """

    loss: tf.Tensor
    terms: ObjectiveTerms
    values: dict[str, tf.Tensor]
    step: tf.Tensor
    gradients: list[Gradient]


def score(state: TrainingState, batch: Any) -> ScoredBatch:
    """Computes the loss of a batch in training, and its gradients."""
    model = state.model
    x, condition, weights = state.unpacked(batch)
    step = state.step_number()
    with tf.GradientTape() as tape:
        terms, values = model.scored_terms(
            x, state.step_seed(step), step, training=True, condition=condition
        )
        loss = state.loss_of(terms, weights)
        scaled = model.optimizer.scale_loss(loss)
    gradients = tape.gradient(scaled, model.trainable_variables)
    return ScoredBatch(loss, terms, values, step, gradients)


def apply(state: TrainingState, scored: ScoredBatch) -> None:
    """Applies the gradients, and adds the terms to the log.

    With a limit of the global norm of the gradients, a step beyond it is counted as skipped.
    """

    def take() -> tf.Tensor:
        pairs = zip(scored.gradients, state.model.trainable_variables, strict=True)
        state.model.optimizer.apply_gradients(pairs)
        state.log.update(scored.loss, scored.terms, scored.values, scored.step)
        return tf.constant(True)

    def leave() -> tf.Tensor:
        state.log.skipped_steps.update_state(1)
        return tf.constant(False)

    limit = state.skip_gradients_above
    if limit is None:
        take()
    else:
        tf.cond(exceeds(global_norm(scored.gradients), limit), leave, take)


def changed_by_scoring(state: TrainingState) -> list[Any]:
    """Returns the variables that scoring may change, such as moving averages and dropout seeds."""
    of_the_log = {id(variable) for variable in state.model.metrics_variables}
    return [
        variable
        for variable in state.model.non_trainable_variables
        if id(variable) not in of_the_log and variable is not state.noise.state
    ]


class TrainStep:
    """Takes a step on a batch, unless its loss or a gradient is non-finite.

    The two halves of a step, up to the gradients and after them, are compiled separately: in one
    function XLA would copy all weights to choose between those before and after the step.

    Args:
      state: The state of training; the model is compiled.
    """

    def __init__(self, state: TrainingState) -> None:
        self._state = state
        self.score, self.apply = self._scored, self._applied
        if not state.model.run_eagerly:
            options = {"jit_compile": state.model.jit_compile, "reduce_retracing": True}
            self.score = compiled(self._scored, **options)
            self.apply = compiled(self._applied, **options)

    def __call__(self, batch: Any) -> tf.Tensor:
        """Returns whether the step was taken, a boolean scalar; counts it as skipped if not."""
        scored, finite = self.score(batch)

        def take() -> tf.Tensor:
            self.apply(scored)
            return tf.constant(True)

        def leave() -> tf.Tensor:
            self._state.log.skipped_steps.update_state(1)
            return tf.constant(False)

        return tf.cond(finite, take, leave)

    def _scored(self, batch: Any) -> tuple[ScoredBatch, tf.Tensor]:
        """Returns the scored batch, and whether its step can be taken."""
        changing = changed_by_scoring(self._state)
        before = [tf.convert_to_tensor(variable) for variable in changing]
        scored = score(self._state, batch)
        finite = step_is_finite(self._state.model.optimizer, scored.loss, scored.gradients)
        for variable, value in zip(changing, before, strict=True):
            variable.assign(tf.where(finite, tf.convert_to_tensor(variable), value))
        return scored, finite

    def _applied(self, scored: ScoredBatch) -> dict[str, tf.Tensor]:
        """Applies the gradients, and returns the log."""
        apply(self._state, scored)
        return self._state.logged()
