"""The discretized logistic likelihood, of pixels and other ordered levels."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import checks, distributions, networks, supports
from tfp_vae.distribution_layer import output_of_scale
from tfp_vae.likelihoods import location_scale_marginals, marginal_statistics
from tfp_vae.likelihoods.base import Likelihood


@keras.saving.register_keras_serializable(package="tfp_vae.likelihoods")
class DiscretizedLogistic(Likelihood):
    """Independent ordered levels 0 to levels - 1, such as pixels of 0 to 255.

    Each is a logistic variable rounded to the nearest level; the first and last include the tails:
    Kingma et al. (2016), "Improved variational inference with inverse autoregressive flow", and
    Salimans et al. (2017), "PixelCNN++". It is a probability, not a density: the negative
    log-likelihood in nats, divided by log 2 and by the number of values, is in bits per dimension,
    as in publications.

    The data are the levels themselves, not divided by 255. Outputs 0 and 1 of the decoder's network
    are a location in the middle of the levels and at the last one; location and scale of the
    distribution are in levels.

    Args:
      event_shape: The shape of one row of data, such as `[28, 28, 1]`.
      levels: How many levels there are, at least 2.
      scale_floor: What is added to the scale, in levels.
      **kwargs: The usual arguments of a Keras layer.

    Call with:
      features: A tensor `[B, F]`, or `[B, *spatial, C]` where `spatial` begins the event shape.

    Returns:
      A `tfd.Independent` of a `tfd.QuantizedDistribution`, batch `[B]`, event `event_shape`.

    Raises:
      TypeError: If `event_shape` is not a list of ints, or another argument of the wrong kind.
      ValueError: If a size is not positive, there are fewer than two levels, or `scale_floor` is
        negative.

    Example:
      >>> likelihoods.DiscretizedLogistic(event_shape=[4])(np.zeros([3, 8])).event_shape
      TensorShape([4])
    """

    parameter_names = ("loc", "scale")
    location_name = "loc"
    advice = (
        "A DiscretizedLogistic likelihood is for levels 0 to levels - 1, such as pixels of 0 to "
        "255: undo their division (multiply by 255 and round), or use "
        "likelihoods.ContinuousBernoulli for values between 0 and 1."
    )

    def __init__(
        self,
        event_shape: Sequence[int],
        levels: int = 256,
        scale_floor: float = 1e-2,
        **kwargs: Any,
    ) -> None:
        super().__init__(event_shape, **kwargs)
        self.levels = checks.positive_int(levels, "levels")
        if self.levels < 2:
            raise ValueError(f"`levels` must be at least 2; got {self.levels}.")
        self.scale_floor = checks.finite_number(scale_floor, "scale_floor", minimum=0.0)
        self.support = supports.whole_numbers_to(self.levels - 1)

    def input_encoding(self) -> keras.layers.Layer:
        """Returns the standardisation of all values by one number."""
        return networks.Standardization(self.event_shape, pooled=True, dtype=self.dtype_policy)

    def location_unit(self) -> np.ndarray:
        """Returns the half of the levels, `[*event_shape]`."""
        return np.full(self.event_shape, self._half)

    def stddev_of(self, distribution: tfd.Distribution) -> tf.Tensor:
        """Returns the standard deviation of the logistic variable, before it is rounded."""
        return distribution.distribution.distribution.stddev()

    def adapt(
        self, x: np.ndarray, observed: np.ndarray | None = None, stddev: np.ndarray | None = None
    ) -> dict[str, np.ndarray]:
        """Returns location and scale of largest likelihood.

        With `stddev` the location is the mean, and the scale at least 0.1 levels, below which a
        value that is off by one level would be all but impossible.
        """
        if stddev is None:
            counts = marginal_statistics.class_counts(x, observed, self.levels)
            loc, scale = location_scale_marginals.discretized_logistic(counts)
        else:
            loc = marginal_statistics.mean(x, observed)
            scale = location_scale_marginals.logistic_scale(stddev)
        floor = self.scale_floor / self._scale_unit
        return {
            "loc": loc / self._half - 1.0,
            "scale": output_of_scale(scale / self._scale_unit, floor),
        }

    def distribution(self, loc: tf.Tensor, scale: tf.Tensor) -> tfd.Independent:
        """Makes the likelihood of `loc` and `scale`, `[B, *event_shape]` each."""
        levels = distributions.DiscretizedLogistic.from_levels(
            self._half * (1.0 + loc),
            self._scale_unit * tf.math.softplus(scale) + self.scale_floor,
            self.levels,
        )
        return self.independent(levels)

    @property
    def _half(self) -> float:
        return 0.5 * (self.levels - 1)

    @property
    def _scale_unit(self) -> float:
        return 0.25 * self._half

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        return {**super().get_config(), "levels": self.levels, "scale_floor": self.scale_floor}
