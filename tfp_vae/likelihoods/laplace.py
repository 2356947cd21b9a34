"""The Laplace likelihood, of real values under the absolute error."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import checks, distributions, networks
from tfp_vae.distribution_layer import output_of_scale
from tfp_vae.likelihoods import location_scale_marginals
from tfp_vae.likelihoods.base import Likelihood
from tfp_vae.likelihoods.data_units import DataUnits, natural_unit


@keras.saving.register_keras_serializable(package="tfp_vae.likelihoods")
class Laplace(Likelihood):
    """Independent Laplace values; the network emits location and scale of every one.

    Its negative log-likelihood is the absolute error divided by the scale, plus log(2 scale), in
    nats: the L1 loss, where `Normal` is the squared error. An outlier costs in proportion to its
    distance, not to its square.

    Args:
      event_shape: The shape of one row of data, such as `[784]` or `[28, 28, 1]`.
      scale_floor: A constant added to the scale: the density is unbounded as the scale falls to
        zero, and the floor bounds it. It is in units of the standard deviation of the marginal once
        the model has been adapted to data, before that in units of the data.
      **kwargs: The usual arguments of a Keras layer.

    Call with:
      features: A tensor `[B, F]`, or `[B, *spatial, C]` where `spatial` begins the event shape.

    Returns:
      A `tfd.Independent` of `tfd.Laplace`, batch `[B]`, event `event_shape`.

    Raises:
      TypeError: If `event_shape` is not a list of ints, or `scale_floor` not a number.
      ValueError: If a size is not positive, or `scale_floor` negative.

    Example:
      >>> likelihoods.Laplace(event_shape=[4])(np.zeros([3, 8])).event_shape
      TensorShape([4])
    """

    parameter_names = ("loc", "scale")
    location_name = "loc"

    def __init__(
        self, event_shape: Sequence[int], scale_floor: float = 1e-3, **kwargs: Any
    ) -> None:
        super().__init__(event_shape, **kwargs)
        self.scale_floor = checks.finite_number(scale_floor, "scale_floor", minimum=0.0)

    def distribution(self, loc: tf.Tensor, scale: tf.Tensor) -> tfd.Independent:
        """Makes the likelihood of `loc` and `scale`, `[B, *event_shape]` each."""
        positive = tf.math.softplus(scale) + self.scale_floor
        if self.units is not None:
            loc, positive = self.units.location(loc), self.units.scale(positive)
        return self.independent(distributions.Laplace(loc, positive))

    def take_units(self) -> None:
        """Creates the units of the data."""
        self.units = DataUnits(self.event_shape, dtype=self.dtype_policy)

    def adapt(
        self, x: np.ndarray, observed: np.ndarray | None = None, stddev: np.ndarray | None = None
    ) -> dict[str, np.ndarray]:
        """Sets the units to location and standard deviation; the constants are those of both.

        Without `stddev` they are the median and √2 times the mean absolute deviation from it.
        """
        assert self.units is not None
        if stddev is None:
            loc, scale = location_scale_marginals.laplace(x, observed)
            unit = natural_unit(loc, 2.0 * scale**2)
        else:
            loc, variance = networks.moments(x, observed)
            unit, scale = natural_unit(loc, variance), np.sqrt(0.5) * stddev
        self.units.assign(loc, unit, unit)
        return {
            "loc": np.zeros(self.event_shape),
            "scale": output_of_scale(scale / unit, self.scale_floor),
        }

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        return {**super().get_config(), "scale_floor": self.scale_floor}
