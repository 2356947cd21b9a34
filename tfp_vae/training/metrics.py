"""What the training log shows: means over rows, and a weight that follows a schedule."""

from collections.abc import Callable, Mapping
from typing import Any

import keras


@keras.saving.register_keras_serializable(package="tfp_vae")
class MeanOfRows(keras.metrics.Mean):
    """The mean over the rows that have been seen, NaN where there are none."""

    def result(self) -> Any:
        """Returns the mean."""
        return keras.ops.divide(self.total, keras.ops.cast(self.count, self.dtype))


@keras.saving.register_keras_serializable(package="tfp_vae")
class LastValue(keras.metrics.Metric):
    """The value that came last.

    Args:
      name: What the log calls it.
    """

    def __init__(self, name: str, **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self.value = self.add_variable(shape=(), initializer="zeros", name="value")

    def update_state(self, value: Any) -> None:
        """Takes note of `value`, a scalar."""
        self.value.assign(keras.ops.cast(value, self.value.dtype))

    def result(self) -> Any:
        """Returns the value."""
        return keras.ops.copy(self.value)


class ScheduledWeights:
    """The weights of an objective that follow a schedule, as the log shows them.

    Args:
      schedules: By the name that the log uses.
    """

    def __init__(self, schedules: Mapping[str, Callable[[Any], Any]]) -> None:
        self._schedules = schedules
        self._trackers = {name: LastValue(name=name) for name in schedules}

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """What the log shows, in order."""
        return list(self._trackers.values())

    def note(self, step: Any) -> None:
        """Takes note of the weights at a step."""
        for name, tracker in self._trackers.items():
            tracker.update_state(self._schedules[name](step))
