"""Missing values: which entries are missing, and the number that fills them."""

import math
from typing import Any

import numpy as np
import tensorflow as tf

from tfp_vae import checks
from tfp_vae.supports import Columns, Support


class MissingValues:
    """The code of a missing value, as in scikit-learn's imputers.

    Args:
      code: NaN, or a finite number.
      support: The support of the data.

    Raises:
      TypeError: If `code` is no number.
      ValueError: If it is infinite.
    """

    def __init__(self, code: Any, support: Support | Columns) -> None:
        is_nan = isinstance(code, (float, np.floating)) and math.isnan(code)
        self.code = math.nan if is_nan else checks.finite_number(code, "missing_values")
        self.filling = support.inner_value
        """The number that fills a missing value: 0, or another number in the support."""

    @property
    def config(self) -> float | str:
        """The code in a form that JSON can hold."""
        return "nan" if math.isnan(self.code) else self.code

    def observed(self, x: tf.Tensor) -> tf.Tensor:
        """Returns a boolean tensor, false where a value of the floating tensor `x` is missing."""
        if math.isnan(self.code):
            return tf.logical_not(tf.math.is_nan(x))
        return tf.not_equal(x, tf.cast(self.code, x.dtype))

    def observed_in(self, x: np.ndarray) -> np.ndarray:
        """Returns a boolean array, false where a value of `x` is missing."""
        return np.asarray(~np.isnan(x) if math.isnan(self.code) else x != self.code)

    def filled(self, x: tf.Tensor, observed: tf.Tensor) -> tf.Tensor:
        """Returns `x` with a number in the support where it is not `observed`."""
        return tf.where(observed, x, tf.cast(self.filling, x.dtype))

    def filled_array(self, x: np.ndarray) -> np.ndarray:
        """Returns `x` with a number in the support where it is missing."""
        return np.where(self.observed_in(x), x, np.asarray(self.filling, x.dtype))
