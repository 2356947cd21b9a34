"""The normal likelihood, of real values."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import checks, distributions, replica_context
from tfp_vae.likelihoods.base import Likelihood

_SCALES = ("shared", "learned", "calibrated")
_MOMENTUM = 0.99


@keras.saving.register_keras_serializable(package="tfp_vae.likelihoods")
class Normal(Likelihood):
    """Independent normal values, under one of four kinds of scale.

    ============  ======================================================================
    `scale`       what it is
    ============  ======================================================================
    a number      fixed; squared error divided by 2 scale², up to a constant
    "shared"      one weight, learned, the same for every value
    "learned"     emitted by the network, one for every value
    "calibrated"  the best scale of the batch in closed form, its root mean square error
    ============  ======================================================================

    The last is the optimal sigma-VAE of Rybkin et al. (2021), "Simple and effective VAE training
    with calibrated decoders". Outside training the scale is a running average over the training
    batches, so that no row depends on another.

    Args:
      event_shape: The shape of one row of data, such as `[784]` or `[28, 28, 1]`.
      scale: A positive number, "shared", "learned" or "calibrated", in units of the data.
      scale_floor: A constant added to a scale that is not fixed, in units of the data: the density
        is unbounded as the scale falls to zero, and the floor bounds it.
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

    advice = ""

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

    def build(self, features_shape: Sequence[int | None]) -> None:
        """Makes the heads, and the weights of the scale where it has some."""
        if self.scale == "shared":
            self.raw_scale = self.add_weight(
                name="raw_scale",
                shape=(),
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
            value = tf.math.softplus(scale) + self.scale_floor
        elif self.scale == "shared":
            value = tf.math.softplus(tf.convert_to_tensor(self.raw_scale)) + self.scale_floor
        elif self.scale == "calibrated":
            value = self._average_scale()
        else:
            value = tf.constant(self.scale, loc.dtype)
        return self._normal(loc, value)

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
        return self._normal(loc, tf.sqrt(variance) + self.scale_floor)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        return {**super().get_config(), "scale": self.scale, "scale_floor": self.scale_floor}

    def _normal(self, loc: tf.Tensor, scale: tf.Tensor) -> tfd.Independent:
        return self.independent(distributions.Normal(loc=loc, scale=scale))

    def _average_scale(self) -> tf.Tensor:
        variance = tf.convert_to_tensor(self.average_variance)
        weight = tf.convert_to_tensor(self.average_weight)
        seen = weight > 0.0
        average = variance / tf.where(seen, weight, tf.ones_like(weight))
        return tf.where(seen, tf.sqrt(average) + self.scale_floor, tf.ones_like(average))
