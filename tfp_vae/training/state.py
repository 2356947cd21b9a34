"""The state of training other than the weights: noise, metrics, and the current `fit`."""

import keras
import tensorflow as tf

from tfp_vae import seeds
from tfp_vae.objectives import ObjectiveTerms
from tfp_vae.training.averaged_weights import AveragedWeights
from tfp_vae.training.fit_context import FitContext
from tfp_vae.training.metrics import TrainingLog
from tfp_vae.training.trainable import Trainable


class TrainingState:
    """The state that the steps and loops of a model share.

    Args:
      model: The model.

    Attributes:
      model: The model.
      replicated: Whether the model was made under a `tf.distribute.Strategy`.
      noise: The generator whose state keys all noise in training.
      log: The metrics of the current pass.
      averaged: The moving averages of the weights, if the optimizer keeps any.
      on_nonfinite: What happens at a non-finite step, "raise" or "skip".
      skip_gradients_above: The largest global norm of the gradients of a step that is taken, or
        None.
      fit_context: The call of `fit` in progress, or None.
    """

    def __init__(self, model: Trainable) -> None:
        self.model = model
        self.replicated: bool = tf.distribute.has_strategy()
        self.noise = keras.random.SeedGenerator()
        self.log = TrainingLog()
        self.averaged = AveragedWeights(model)
        self.on_nonfinite = "raise"
        self.skip_gradients_above: float | None = None
        self.fit_context: FitContext | None = None

    @property
    def skips(self) -> bool:
        """Whether steps with a non-finite loss or gradient are skipped."""
        return self.on_nonfinite == "skip"

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """The metrics of training, in order."""
        counted = self.skips or self.skip_gradients_above is not None
        return [*self.log.metrics, *([self.log.skipped_steps] if counted else [])]

    def validation_elbo(self) -> float | None:
        """Returns the validation ELBO under the present weights; None without such data."""
        context = self.fit_context
        if context is None or context.validate is None:
            return None
        return context.validate()["elbo"]

    def initial_epoch(self, wanted: int) -> int:
        """Returns the first epoch: `wanted`, unless a callback has set another one."""
        return self.model._initial_epoch or wanted

    def reset_log(self) -> None:
        """Resets the metrics, at the beginning of a pass over data."""
        for metric in (*self.log.metrics, self.log.skipped_steps):
            metric.reset_state()

    def logged(self) -> dict[str, tf.Tensor]:
        """Returns the values of the metrics of training, by name."""
        return {metric.name: metric.result() for metric in self.metrics}

    def step_number(self) -> tf.Tensor:
        """Returns the number of the current step, an integer scalar."""
        return tf.convert_to_tensor(self.model.optimizer.iterations)

    def noise_key(self) -> tf.Tensor:
        """Returns the key of all noise in training, `[2]` int32."""
        return tf.bitcast(tf.cast(self.noise.state, tf.uint32), tf.int32)

    def step_seed(self, step: tf.Tensor) -> tf.Tensor:
        """Returns the seed of a training step, `[2]`."""
        return seeds.fold_in(self.noise_key(), step)

    def evaluation_seed(self, rows_before: tf.Tensor) -> tf.Tensor:
        """Returns the seed of a batch in an evaluation, `[2]`, given its position in the data."""
        return seeds.fold_in(seeds.as_seed(seeds.EVALUATION), tf.cast(rows_before, tf.int64))

    def unpacked(self, batch: object) -> tuple[tf.Tensor, tf.Tensor | None, tf.Tensor | None]:
        """Returns x, y and weights of a batch; y is None unless the model is one of p(x|y)."""
        x, y, weights = keras.utils.unpack_x_y_sample_weight(batch)
        return x, y if self.model.pipeline.conditional else None, weights

    def loss_of(self, terms: ObjectiveTerms, weights: tf.Tensor | None) -> tf.Tensor:
        """Returns the negative mean of the objective plus the penalties of regularisers, in nats.

        Args:
          terms: The terms of the objective, `[B]` each, in nats.
          weights: The weight of every row, `[B]`, or None.
        """
        objective = terms.objective
        if weights is not None:
            objective = objective * tf.cast(weights, objective.dtype)
        penalties = [tf.cast(penalty, objective.dtype) for penalty in self.model.losses]
        return tf.add_n([-tf.reduce_mean(objective), *penalties])

    def build_optimizer(self) -> None:
        """Builds the optimizer, if no step has built it."""
        if self.model.compiled and not self.model.optimizer.built:
            with self.model.distribute_strategy.scope():
                self.model.optimizer.build(self.model.trainable_variables)
