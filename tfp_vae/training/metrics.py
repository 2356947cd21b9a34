"""The metrics of training: means over rows, and scheduled weights."""

from collections.abc import Callable, Mapping
from typing import Any

import keras
import tensorflow as tf

from tfp_vae.objectives import ObjectiveTerms

TERMS = ("elbo", "log_likelihood", "kl_divergence")


@keras.saving.register_keras_serializable(package="tfp_vae")
class MeanOfRows(keras.metrics.Mean):
    """The mean over all rows so far; NaN without rows."""

    def result(self) -> Any:
        """Returns the mean."""
        return keras.ops.divide(self.total, keras.ops.cast(self.count, self.dtype))


@keras.saving.register_keras_serializable(package="tfp_vae")
class LastValue(keras.metrics.Metric):
    """The latest value of a scalar.

    Args:
      name: The name in the log.
    """

    def __init__(self, name: str, **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self.value = self.add_variable(shape=(), initializer="zeros", name="value")

    def update_state(self, value: Any) -> None:
        """Replaces the value."""
        self.value.assign(keras.ops.cast(value, self.value.dtype))

    def result(self) -> Any:
        """Returns the value."""
        return keras.ops.copy(self.value)


class TrainingLog:
    """The metrics of a pass over data.

    Attributes:
      loss: The mean loss.
      terms: The means of elbo, log-likelihood and KL divergence, by name.
      skipped_steps: The number of steps skipped as non-finite, or for too large gradients.
      functions: The caller's own metrics, by name.
    """

    def __init__(self) -> None:
        self.loss = MeanOfRows(name="loss")
        self.terms = {name: MeanOfRows(name=name) for name in TERMS}
        self.skipped_steps = keras.metrics.Sum(name="skipped_steps")
        self._schedules: Mapping[str, Callable[[Any], Any]] = {}
        self._scheduled: dict[str, LastValue] = {}
        self.functions: Mapping[str, Callable[..., Any]] = {}
        self._of_functions: dict[str, MeanOfRows] = {}

    def follow(self, schedules: Mapping[str, Callable[[Any], Any]]) -> None:
        """Adds the scheduled weights, by their names in the log."""
        self._schedules = schedules
        self._scheduled = {name: LastValue(name=name) for name in schedules}

    def take_functions(self, functions: Mapping[str, Callable[..., Any]]) -> None:
        """Adds the means of the caller's own metrics, by their names in the log."""
        self.functions = functions
        self._of_functions = {name: MeanOfRows(name=name) for name in functions}

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """The metrics of training and validation, in order."""
        means = (*self.terms.values(), *self._of_functions.values())
        return [self.loss, *means, *self._scheduled.values()]

    @property
    def schedules(self) -> Mapping[str, Callable[[Any], Any]]:
        """The scheduled weights, by their names in the log."""
        return self._schedules

    def update(
        self, loss: tf.Tensor, terms: ObjectiveTerms, values: Mapping[str, tf.Tensor], step: Any
    ) -> None:
        """Adds a batch.

        Args:
          loss: The loss, a scalar, in nats.
          terms: The terms of the objective, `[B]` each, in nats.
          values: The values of the caller's own metrics, `[B]` each.
          step: The step number.
        """
        self.loss.update_state(loss, sample_weight=tf.shape(terms.elbo)[0])
        for name, metric in self.terms.items():
            metric.update_state(getattr(terms, name))
        for name, metric in self._of_functions.items():
            metric.update_state(values[name])
        self._update_scheduled(step)

    def update_by_sums(self, rows: tf.Tensor, sums: tf.Tensor, step: tf.Tensor) -> None:
        """Adds a batch by the sums over its rows.

        Args:
          rows: The number of its rows, a scalar.
          sums: The loss, and the sums of elbo, log-likelihood, KL divergence and the caller's own
            metrics over the rows, `[4 + M]`.
          step: The number of the step.
        """
        loss, *totals = tf.unstack(sums)
        self.loss.update_state(loss, sample_weight=rows)
        means = (*self.terms.values(), *self._of_functions.values())
        for metric, total in zip(means, totals, strict=True):
            metric.update_state(total / tf.cast(rows, total.dtype), sample_weight=rows)
        self._update_scheduled(step)

    def _update_scheduled(self, step: Any) -> None:
        for name, metric in self._scheduled.items():
            metric.update_state(self._schedules[name](step))

    @property
    def rows_seen(self) -> Any:
        """The number of rows so far, a scalar."""
        return self.terms["elbo"].count
