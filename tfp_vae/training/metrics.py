"""The training log: means over rows, and the weights that follow a schedule."""

from collections.abc import Callable, Mapping
from typing import Any

import keras
import tensorflow as tf

from tfp_vae.objectives import ObjectiveTerms

TERMS = ("elbo", "log_likelihood", "kl_divergence")


@keras.saving.register_keras_serializable(package="tfp_vae")
class MeanOfRows(keras.metrics.Mean):
    """The mean over the rows seen so far, NaN where there are none."""

    def result(self) -> Any:
        """Returns the mean."""
        return keras.ops.divide(self.total, keras.ops.cast(self.count, self.dtype))


@keras.saving.register_keras_serializable(package="tfp_vae")
class LastValue(keras.metrics.Metric):
    """The latest value.

    Args:
      name: Its name in the log.
    """

    def __init__(self, name: str, **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self.value = self.add_variable(shape=(), initializer="zeros", name="value")

    def update_state(self, value: Any) -> None:
        """Replaces the value by another scalar."""
        self.value.assign(keras.ops.cast(value, self.value.dtype))

    def result(self) -> Any:
        """Returns the value."""
        return keras.ops.copy(self.value)


class TrainingLog:
    """The metrics of a pass over data.

    Attributes:
      loss: The mean loss.
      terms: The means of elbo, log-likelihood and KL divergence, by name.
      skipped_steps: How many steps were skipped as not finite.
    """

    def __init__(self) -> None:
        self.loss = MeanOfRows(name="loss")
        self.terms = {name: MeanOfRows(name=name) for name in TERMS}
        self.skipped_steps = keras.metrics.Sum(name="skipped_steps")
        self._schedules: Mapping[str, Callable[[Any], Any]] = {}
        self._scheduled: dict[str, LastValue] = {}

    def follow(self, schedules: Mapping[str, Callable[[Any], Any]]) -> None:
        """Shows the weights that follow these schedules, by their names in the log."""
        self._schedules = schedules
        self._scheduled = {name: LastValue(name=name) for name in schedules}

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """What the log shows of training and of validation, in order."""
        return [self.loss, *self.terms.values(), *self._scheduled.values()]

    def update(self, loss: tf.Tensor, terms: ObjectiveTerms, step: Any) -> None:
        """Adds a batch.

        Args:
          loss: Its loss, a scalar.
          terms: The terms of its objective, `[B]` each.
          step: The number of the step.
        """
        self.loss.update_state(loss, sample_weight=tf.shape(terms.elbo)[0])
        for name, metric in self.terms.items():
            metric.update_state(getattr(terms, name))
        self._update_scheduled(step)

    def update_by_sums(self, rows: Any, loss: Any, sums: Any, step: Any) -> None:
        """Adds a batch of which only sums over its rows are known.

        Args:
          rows: The number of its rows.
          loss: Its loss, a scalar.
          sums: The sums of elbo, log-likelihood and KL divergence over its rows, `[3]`.
          step: The number of the step.
        """
        self.loss.update_state(loss, sample_weight=rows)
        for metric, total in zip(self.terms.values(), sums, strict=True):
            metric.update_state(total / rows, sample_weight=rows)
        self._update_scheduled(step)

    def _update_scheduled(self, step: Any) -> None:
        for name, metric in self._scheduled.items():
            metric.update_state(self._schedules[name](step))

    @property
    def rows_seen(self) -> Any:
        """The number of rows seen so far, a scalar."""
        return self.terms["elbo"].count
