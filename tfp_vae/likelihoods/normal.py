"""The normal likelihood, of real values."""

from collections.abc import Sequence
from typing import Any, Self

import keras
import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import checks, distributions, networks, replica_context
from tfp_vae.distribution_layer import LEAST_SCALE, output_of_scale
from tfp_vae.likelihoods.base import Likelihood
from tfp_vae.likelihoods.data_units import DataUnits, natural_unit

_SCALES = ("shared", "per_value", "learned", "calibrated")
_MOMENTUM = 0.99


@keras.saving.register_keras_serializable(package="tfp_vae.likelihoods")
class Normal(Likelihood):
    """Independent normal values, under one of five kinds of scale.

    ============  ======================================================================
    `scale`       what it is
    ============  ======================================================================
    a number      fixed; squared error divided by 2 scale², up to a constant
    "shared"      one weight, learned, the same for every value
    "per_value"   one weight for every value of the event, the same for every row
    "learned"     emitted by the network, one for every value
    "calibrated"  the best scale of the batch in closed form, its root mean square error
    ============  ======================================================================

    The last is the optimal sigma-VAE of Rybkin et al. (2021), "Simple and effective VAE training
    with calibrated decoders". Outside training the scale is a running average over the training
    batches, so that no row depends on another.

    Args:
      event_shape: The shape of one row of data, such as `[784]` or `[28, 28, 1]`.
      scale: A positive number in units of the data, "shared", "per_value", "learned" or
        "calibrated".
      scale_floor: A constant added to a scale that is not fixed: the density is unbounded as the
        scale falls to zero, and the floor bounds it. It is in units of the data's standard
        deviation once the model has been adapted to data, before that in units of the data.
      **kwargs: The usual arguments of a Keras layer.

    Call with:
      features: A tensor `[B, F]`, or `[B, *spatial, C]` where `spatial` begins the event shape.

    Returns:
      A `tfd.Independent` of `tfd.Normal`, batch `[B]`, event `event_shape`.

    Raises:
      TypeError: If `event_shape` is not a list of ints, or `scale` neither a number nor a string.
      ValueError: If a size or a scale is not positive, or the word for the scale is unknown.

    Example:
      >>> likelihoods.Normal(event_shape=[4], scale="learned")(np.zeros([3, 8])).event_shape
      TensorShape([4])
    """

    location_name = "loc"

    def __init__(
        self,
        event_shape: Sequence[int],
        scale: float | str = "learned",
        scale_floor: float = 1e-3,
        **kwargs: Any,
    ) -> None:
        super().__init__(event_shape, **kwargs)
        if isinstance(scale, str):
            self.scale: float | str = checks.one_of(scale, _SCALES, "scale")
        else:
            self.scale = checks.finite_number(scale, "scale", minimum=0.0, exclusive=True)
        self.scale_floor = checks.finite_number(scale_floor, "scale_floor", minimum=0.0)
        self.parameter_names = ("loc", "scale") if self.scale == "learned" else ("loc",)

    @classmethod
    def for_values(cls, x: np.ndarray) -> Self:
        """Makes the likelihood with one scale for every value of a row.

        A scale that depends on z can overfit few rows, and starve the mean: Seitzer et al. (2022),
        "On the pitfalls of heteroscedastic uncertainty estimation".
        """
        return cls(x.shape[1:], scale="per_value")

    def build(self, features_shape: Sequence[int | None]) -> None:
        """Makes the heads, and the weights of the scale where it has some."""
        if self.scale in ("shared", "per_value"):
            self.raw_scale = self.add_weight(
                name="raw_scale",
                shape=() if self.scale == "shared" else self.event_shape,
                initializer=keras.initializers.Constant(np.log(np.e - 1)),
                autocast=False,
            )
        if self.scale == "calibrated":
            self.average_variance, self.average_weight = (
                self.add_weight(
                    name=name,
                    shape=(),
                    initializer="zeros",
                    trainable=False,
                    autocast=False,
                    aggregation="mean",
                )
                for name in ("average_variance", "average_weight")
            )
        super().build(features_shape)

    def distribution(self, loc: tf.Tensor, scale: tf.Tensor | None = None) -> tfd.Independent:
        """Makes the likelihood of `loc` and a learned `scale`, `[B, *event_shape]` each."""
        if scale is not None:
            value = self._positive(scale)
        elif self.scale in ("shared", "per_value"):
            value = self._positive(tf.convert_to_tensor(self.raw_scale))
        elif self.scale == "calibrated":
            value = self._average_scale()
        else:
            value = tf.constant(self.scale, loc.dtype)
        return self._normal(loc if self.units is None else self.units.location(loc), value)

    def take_units(self) -> None:
        """Creates the units of the data."""
        self.units = DataUnits(self.event_shape, dtype=self.dtype_policy)

    def noise_groups(self) -> np.ndarray:
        """Returns which values share one scale: none, all, or no learned one."""
        if isinstance(self.scale, float):
            return np.full(self.event_shape, -1)
        if self.scale in ("shared", "calibrated"):
            return np.zeros(self.event_shape, np.int64)
        return super().noise_groups()

    def noise_scale(self) -> np.ndarray:
        """Returns the fixed scale, or NaN."""
        fixed = self.scale if isinstance(self.scale, float) else np.nan
        return np.full(self.event_shape, fixed)

    def adapt(
        self, x: np.ndarray, observed: np.ndarray | None = None, stddev: np.ndarray | None = None
    ) -> dict[str, np.ndarray]:
        """Sets units and scale to mean and standard deviation; the constants are those of both."""
        assert self.units is not None
        mean, variance = networks.moments(x, observed)
        unit = natural_unit(mean, variance)
        noise = np.sqrt(variance) if stddev is None else stddev
        common = self.scale in ("shared", "calibrated")
        if common:
            noise = np.full_like(noise, np.sqrt(np.mean(noise**2)))
        scale_unit = np.full_like(unit, np.sqrt(np.mean(unit**2))) if common else unit
        self.units.assign(mean, unit, scale_unit)
        constants = {"loc": np.zeros(self.event_shape)}
        raw = output_of_scale(noise / scale_unit, self.scale_floor)
        if self.scale == "learned":
            constants["scale"] = raw
        elif self.scale == "per_value":
            self.raw_scale.assign(raw)
        elif self.scale == "shared":
            self.raw_scale.assign(raw.flat[0])
        elif self.scale == "calibrated":
            floor = self.scale_floor * scale_unit.flat[0]
            above_floor = max(noise.flat[0] - floor, LEAST_SCALE * scale_unit.flat[0])
            self.average_variance.assign(above_floor**2)
            self.average_weight.assign(1.0)
        return constants

    def fitted_to(
        self, distribution: tfd.Independent, x: tf.Tensor, observed: tf.Tensor | None = None
    ) -> tfd.Independent:
        """Sets a calibrated scale to the best one of the batch, and updates the running average."""
        if self.scale != "calibrated":
            return distribution
        loc = distribution.distribution.loc
        square = tf.math.squared_difference(x, loc)
        if observed is None and replica_context.current_shard() is None:
            variance = tf.stop_gradient(tf.reduce_mean(square))
        else:
            counted = tf.ones_like(square)
            if observed is not None:
                counted *= tf.cast(observed, square.dtype)
            sums = [tf.reduce_sum(counted * square), tf.reduce_sum(counted)]
            total, count = replica_context.all_reduce_sum([tf.stop_gradient(each) for each in sums])
            variance = total / tf.maximum(count, 1.0)
        for average, latest in (
            (self.average_variance, variance),
            (self.average_weight, tf.ones_like(variance)),
        ):
            average.assign(_MOMENTUM * average + (1.0 - _MOMENTUM) * latest)
        return self._normal(loc, tf.sqrt(variance) + self._floor())

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        return {**super().get_config(), "scale": self.scale, "scale_floor": self.scale_floor}

    def _normal(self, loc: tf.Tensor, scale: tf.Tensor) -> tfd.Independent:
        return self.independent(distributions.Normal(loc=loc, scale=scale))

    def _positive(self, output: tf.Tensor) -> tf.Tensor:
        """Returns the scale of an output of the network, or of a weight."""
        return self._in_units(tf.math.softplus(output) + self.scale_floor)

    def _floor(self) -> tf.Tensor:
        return self._in_units(tf.constant(self.scale_floor, self.variable_dtype))

    def _in_units(self, scale: tf.Tensor) -> tf.Tensor:
        return scale if self.units is None else self.units.scale(scale)

    def _average_scale(self) -> tf.Tensor:
        variance = tf.convert_to_tensor(self.average_variance)
        weight = tf.convert_to_tensor(self.average_weight)
        seen = weight > 0.0
        average = variance / tf.where(seen, weight, tf.ones_like(weight))
        return tf.where(seen, tf.sqrt(average) + self._floor(), tf.ones_like(average))
