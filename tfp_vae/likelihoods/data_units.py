"""The units of data: an affine map between a likelihood's location and scale, and the data's."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

_ROUNDING = 1e-12


class DataUnits(keras.layers.Layer):
    """Shift and unit of every value of a row, set from data and not trained.

    A network emits location and scale as multiples of the unit. The map belongs to the distribution
    and not to the data, so that densities stay in the data's own units.

    Args:
      event_shape: The shape of one row of data.
      **kwargs: The usual arguments of a Keras layer.
    """

    def __init__(self, event_shape: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.shift, self.unit, self.scale_unit = (
            self.add_weight(
                name=name,
                shape=tuple(event_shape),
                initializer=value,
                trainable=False,
                autocast=False,
            )
            for name, value in (("shift", "zeros"), ("unit", "ones"), ("scale_unit", "ones"))
        )
        self.built = True

    def assign(self, shift: np.ndarray, unit: np.ndarray, scale_unit: np.ndarray) -> None:
        """Sets the shift, the unit of locations and the unit of scales, `[*event]` each."""
        self.shift.assign(shift)
        self.unit.assign(unit)
        self.scale_unit.assign(scale_unit)

    def location(self, loc: tf.Tensor) -> tf.Tensor:
        """Returns a location `[..., *event]` in the data's units."""
        return tf.convert_to_tensor(self.shift) + tf.convert_to_tensor(self.unit) * loc

    def scale(self, scale: tf.Tensor) -> tf.Tensor:
        """Returns a positive scale, `[..., *event]` or a scalar, in the data's units."""
        return tf.convert_to_tensor(self.scale_unit) * scale


def natural_unit(mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Returns the unit of every value, `[*event]`: its standard deviation.

    For a value that does not vary, but for rounding of the mean, it is its magnitude, or 1 if it is
    0.
    """
    magnitude = np.where(mean == 0.0, 1.0, np.abs(mean))
    stddev = np.sqrt(variance)
    return np.where(stddev > _ROUNDING * np.abs(mean), stddev, magnitude)
