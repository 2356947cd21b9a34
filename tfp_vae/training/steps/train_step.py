"""A training step that leaves the model as it was where the loss or a gradient is not finite."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from tfp_vae import seeds
from tfp_vae.objectives import ObjectiveTerms

_WITHOUT_SQUARES = (keras.optimizers.SGD, keras.optimizers.Lion)


class Scored(NamedTuple):
    """A batch that has been scored, with the gradients of its loss.

    Attributes:
      loss: A scalar.
      terms: The terms of the objective, `[B]` each.
      step: The number of the step.
      gradients: That of every trainable weight, or None where it has none.
    """

    loss: tf.Tensor
    terms: ObjectiveTerms
    step: tf.Tensor
    gradients: list[Any]


def scored(model: Any, data: Any) -> Scored:
    """Scores a batch as training does, and differentiates its loss.

    Args:
      model: The model, compiled.
      data: What a batch holds.
    """
    x, condition, weights = model.unpacked(data)
    step = tf.convert_to_tensor(model.optimizer.iterations)
    seed = seeds.fold_in(model.noise_key(), step)
    with tf.GradientTape() as tape:
        terms = model.objective_terms(x, seed, step, training=True, condition=condition)
        loss = model.loss_of(terms, weights)
        scaled = model.optimizer.scale_loss(loss)
    return Scored(loss, terms, step, tape.gradient(scaled, model.trainable_variables))


def taken(model: Any, step: Scored) -> None:
    """Gives the gradients to the optimizer, and the terms to the log."""
    pairs = zip(step.gradients, model.trainable_variables, strict=True)
    model.optimizer.apply_gradients(pairs)
    model.note(step.loss, step.terms, step.step)


def step_is_finite(
    model: Any, loss: tf.Tensor, gradients: Sequence[Any], replicas: int = 1
) -> tf.Tensor:
    """Tells whether a step may be taken, a boolean scalar.

    Args:
      model: The model.
      loss: A scalar.
      gradients: That of every trainable weight, or None where it has none.
      replicas: How many such gradients will be added up.
    """
    if isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer):
        # It meets infinite gradients with a smaller scale, and leaves the weights alone itself.
        return tf.math.is_finite(loss)
    dense = [getattr(each, "values", each) for each in gradients if each is not None]
    if replicas > 1:
        dense = [replicas * each for each in dense]
    return tf.math.is_finite(loss) & all_usable(dense, model.optimizer)


def largest_usable(dtype: tf.DType, optimizer: Any) -> float:
    """Returns the largest gradient that leaves weights and state finite.

    Args:
      dtype: That of the gradient.
      optimizer: What takes it. Adam and others keep squares of it, and the global norm is the root
        of a sum of squares, here of up to 2³² numbers; a norm that overflows clips to zero.
    """
    largest = float(dtype.max)
    if dtype == tf.float16:
        return largest
    if optimizer.global_clipnorm is not None:
        return largest**0.5 / 2**16
    if optimizer.clipnorm is not None or isinstance(optimizer, _WITHOUT_SQUARES):
        return largest
    return largest**0.5


def all_usable(gradients: Sequence[tf.Tensor], optimizer: Any) -> tf.Tensor:
    """Tells whether gradients are finite, and not too large to be taken; a boolean scalar.

    It compares bits: XLA makes vector code of the maximum of integers, and not of that of numbers
    that may be NaN.

    Args:
      gradients: Dense tensors.
      optimizer: What takes them.
    """
    return tf.reduce_all(tf.stack([_usable(each, optimizer) for each in gradients]))


def _usable(gradient: tf.Tensor, optimizer: Any) -> tf.Tensor:
    dtype = gradient.dtype
    integer = {2: tf.int16, 4: tf.int32, 8: tf.int64}[dtype.size]
    bound = np.array(largest_usable(dtype, optimizer), dtype.as_numpy_dtype).view(
        integer.as_numpy_dtype
    )
    magnitude = tf.bitwise.bitwise_and(
        tf.bitcast(gradient, integer), tf.constant(integer.max, integer)
    )
    return tf.reduce_max(magnitude) <= tf.constant(bound, integer)


class GuardedStep:
    """Takes a step on a batch, or leaves the model and the optimizer as they were.

    The two halves of a step, up to the gradients and from there on, are compiled each by itself:
    XLA would copy all weights to choose between those before and after a step.

    Args:
      model: The model, compiled.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self.score, self.take = self._guarded, self._taken
        if not model.run_eagerly:
            options = {
                "jit_compile": model.jit_compile,
                "autograph": False,
                "reduce_retracing": True,
            }
            self.score = tf.function(self._guarded, **options)
            self.take = tf.function(self._taken, **options)

    def __call__(self, data: Any) -> tf.Tensor:
        """Returns whether the step has been taken, a boolean scalar.

        Args:
          data: What a batch holds.
        """
        step, finite = self.score(data)

        def take() -> tf.Tensor:
            self.take(step)
            return tf.constant(True)

        def leave() -> tf.Tensor:
            self._model.skipped_steps.update_state(1)
            return tf.constant(False)

        return tf.cond(finite, take, leave)

    def _guarded(self, data: Any) -> tuple[Scored, tf.Tensor]:
        """The first half: the gradients of a batch, and whether they can be taken."""
        changing = changed_by_scoring(self._model)
        before = [tf.convert_to_tensor(variable) for variable in changing]
        step = scored(self._model, data)
        finite = step_is_finite(self._model, step.loss, step.gradients)
        for variable, value in zip(changing, before, strict=True):
            variable.assign(tf.where(finite, tf.convert_to_tensor(variable), value))
        return step, finite

    def _taken(self, step: Scored) -> dict[str, tf.Tensor]:
        """The second half: the optimizer's step; returns the log."""
        taken(self._model, step)
        return self._model.get_metrics_result()


def changed_by_scoring(model: Any) -> list[Any]:
    """Returns what scoring a batch may change, such as a running average or a dropout's seed."""
    of_the_log = {id(variable) for variable in model.metrics_variables}
    return [
        variable
        for variable in model.non_trainable_variables
        if id(variable) not in of_the_log and variable is not model.noise.state
    ]
