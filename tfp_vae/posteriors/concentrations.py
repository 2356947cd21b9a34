"""The concentrations of beta and gamma posteriors, from a network's output."""

import tensorflow as tf

from tfp_vae import checks

_SMALLEST_FLOOR = 0.01
_LARGEST_FLOOR = 1e3
_LARGEST_CONCENTRATION = 1e4


def checked_floor(value: float) -> float:
    """Returns `value` as a floor of concentrations: without one, KL and gradients are unbounded.

    Raises:
      TypeError: If it is not a number.
      ValueError: If it is below 0.01 or above 1,000.
    """
    return checks.finite_number(
        value, "concentration_floor", minimum=_SMALLEST_FLOOR, maximum=_LARGEST_FLOOR
    )


def softplus_concentration(output: tf.Tensor, floor: float) -> tf.Tensor:
    """Returns softplus of real numbers of any shape plus the floor, at most 10,000."""
    return tf.minimum(tf.math.softplus(output) + floor, _LARGEST_CONCENTRATION)
