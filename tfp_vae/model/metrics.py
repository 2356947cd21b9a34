"""What the training log shows: means over rows, and a weight that follows a schedule."""

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
