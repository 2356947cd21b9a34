"""The likelihood of mixtures of discretised logistics, of pixels and their colours."""

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
from tfp_vae.likelihoods.spread_components import best_share, standardised_places

_LEAST_SHARE = 1e-2


@keras.saving.register_keras_serializable(package="tfp_vae.likelihoods")
class DiscretizedLogisticMixture(Likelihood):
    """Mixtures of discretised logistics, of levels 0 to levels - 1, such as pixels of 0 to 255.

    A mixture can be skewed, have several modes, and put much probability on the first and last
    levels, as the values of real pictures do. In an image of several channels, `[height, width,
    channels]`, those of a pixel depend on one another given z: they share the component, and the
    location of a channel is a linear function of those before it. The values of other rows are
    independent, each with its own mixture. It is a probability: the negative log-likelihood in
    nats, divided by log 2 and by the number of values, is in bits per dimension.

    The data are the levels themselves, not divided by 255. Missing values are possible where there
    is one channel.

    Args:
      event_shape: The shape of one row of data, such as `[32, 32, 3]`.
      components: The number of components of a mixture.
      levels: How many levels there are, at least 2.
      scale_floor: What is added to every scale, in levels.
      **kwargs: The usual arguments of a Keras layer.

    Call with:
      features: A tensor `[B, F]`, or `[B, *spatial, C]` where `spatial` begins the event shape.

    Returns:
      A `tfd.Independent` of a `distributions.DiscretizedLogisticMixture`, batch `[B]`, event
      `event_shape`. Its mean is exact where there is one channel; elsewhere, up to the rounding and
      clipping of the channels before.

    Raises:
      TypeError: If `event_shape` is not a list of ints, or another argument of the wrong kind.
      ValueError: If a size is not positive, there are fewer than two levels, or `scale_floor` is
        negative.

    Example:
      >>> layer = likelihoods.DiscretizedLogisticMixture(event_shape=[4, 4, 3], components=2)
      >>> layer(np.zeros([5, 8])).event_shape
      TensorShape([4, 4, 3])

    Source: Salimans et al. (2017), "PixelCNN++: improving the PixelCNN with discretized logistic
    mixture likelihood and other modifications", sections 2.1 and 2.2.
    """

    location_name = "loc"
    advice = (
        "A DiscretizedLogisticMixture likelihood is for levels 0 to levels - 1, such as pixels of "
        "0 to 255: undo their division (multiply by 255 and round), or use "
        "likelihoods.ContinuousBernoulli for values between 0 and 1."
    )

    def __init__(
        self,
        event_shape: Sequence[int],
        components: int = 10,
        levels: int = 256,
        scale_floor: float = 1e-2,
        **kwargs: Any,
    ) -> None:
        super().__init__(event_shape, **kwargs)
        self.components = checks.positive_int(components, "components")
        self.levels = checks.positive_int(levels, "levels")
        if self.levels < 2:
            raise ValueError(f"`levels` must be at least 2; got {self.levels}.")
        self.scale_floor = checks.finite_number(scale_floor, "scale_floor", minimum=0.0)
        self.support = supports.whole_numbers_to(self.levels - 1)

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Returns the shape of every parameter for one row.

        `loc` is common to the components, and `shift` that of each.
        """
        if not self._has_colours:
            of_each = (*self.event_shape, self.components)
            return {"logits": of_each, "loc": self.event_shape, "shift": of_each, "scale": of_each}
        *pixels, channels = self.event_shape
        of_each = (*pixels, self.components, channels)
        pairs = channels * (channels - 1) // 2
        return {
            "logits": (*pixels, self.components),
            "loc": self.event_shape,
            "shift": of_each,
            "scale": of_each,
            "coefficients": (*pixels, self.components, pairs),
        }

    def distribution(
        self,
        logits: tf.Tensor,
        loc: tf.Tensor,
        shift: tf.Tensor,
        scale: tf.Tensor,
        coefficients: tf.Tensor | None = None,
    ) -> tfd.Independent:
        """Makes the likelihood of the parameters, each `[B, *shape]` of `parameter_shapes`."""
        axis = -2 if self._has_colours else -1
        half = 0.5 * (self.levels - 1)
        mixture = distributions.DiscretizedLogisticMixture(
            logits,
            half * (1.0 + tf.expand_dims(loc, axis) + shift),
            self._scale_unit * tf.math.softplus(scale) + self.scale_floor,
            self.levels,
            None if coefficients is None else tf.math.tanh(coefficients),
        )
        own = len(self.event_shape) - mixture.event_shape.rank
        return tfd.Independent(mixture, reinterpreted_batch_ndims=own, validate_args=False)

    def input_encoding(self) -> keras.layers.Layer:
        """Returns the standardisation of all values by one number."""
        return networks.Standardization(self.event_shape, pooled=True, dtype=self.dtype_policy)

    def location_unit(self) -> np.ndarray:
        """Returns the half of the levels, `[*event_shape]`."""
        return np.full(self.event_shape, 0.5 * (self.levels - 1))

    def stddev_of(self, distribution: tfd.Distribution) -> tf.Tensor:
        """Returns the standard deviation of the mixture of logistics, before it is rounded.

        Of several channels it is that given those before it at the middle of the levels.
        """
        mixture = distribution.distribution
        axis = -2 if self._has_colours else -1
        weights = tf.nn.softmax(mixture.logits)
        if self._has_colours:
            weights = weights[..., tf.newaxis]
        mean = tf.reduce_sum(weights * mixture.loc, axis=axis, keepdims=True)
        within = tf.square(mixture.scale * (np.pi / 3.0**0.5))
        variance = within + tf.square(mixture.loc - mean)
        return tf.sqrt(tf.reduce_sum(weights * variance, axis=axis))

    def of_observed(self, distribution: tfd.Distribution, observed: tf.Tensor) -> tfd.Distribution:
        """Returns the distribution of the observed values of every row, where all are independent.

        Args:
          distribution: p(x|z), batch `[..., B]`, event `event_shape`.
          observed: A boolean tensor, `[B, *event_shape]`.

        Raises:
          ValueError: If the channels of a pixel depend on one another.
        """
        if self._has_colours:
            return super().of_observed(distribution, observed)
        masked = tfd.Masked(
            distribution.distribution,
            observed,
            safe_sample_fn=lambda each: tf.zeros([], each.dtype),
        )
        return self.independent(masked)

    def adapt(
        self, x: np.ndarray, observed: np.ndarray | None = None, stddev: np.ndarray | None = None
    ) -> dict[str, np.ndarray]:
        """Returns equal components at even distances about the location of one logistic.

        The share of the variance that lies between them is the likeliest of a few. With `stddev` it
        is a half, the location is the mean, and each scale at least 0.1 levels. No channel depends
        on another.
        """
        if stddev is None:
            counts = marginal_statistics.class_counts(x, observed, self.levels)
            loc, scale = location_scale_marginals.discretized_logistic(counts)
            share = best_share(counts, loc, scale, self.components)
        else:
            loc = marginal_statistics.mean(x, observed)
            scale = np.sqrt(3.0) / np.pi * stddev
            share = np.full(loc.shape, 0.5 if self.components > 1 else 0.0)
        axis = -2 if self._has_colours else -1
        least = max(self.scale_floor, location_scale_marginals.LEAST_LOGISTIC_SCALE)
        within = np.maximum(scale * np.sqrt(1.0 - share), least)
        # What remains of the variance, or a little, since equal components would stay equal.
        rest = np.maximum(scale**2 - within**2, (_LEAST_SHARE * within) ** 2) * (share > 0.0)
        places = standardised_places(self.components)
        between = np.expand_dims(np.pi / np.sqrt(3.0) * np.sqrt(rest), axis)
        shape = self.parameter_shapes()
        half = 0.5 * (self.levels - 1)
        raw = output_of_scale(within / self._scale_unit, self.scale_floor / self._scale_unit)
        constants = {
            "logits": np.zeros(shape["logits"]),
            "loc": loc / half - 1.0,
            "shift": between * (places[:, None] if axis == -2 else places) / half,
            "scale": np.broadcast_to(np.expand_dims(raw, axis), shape["scale"]),
        }
        if self._has_colours:
            constants["coefficients"] = np.zeros(shape["coefficients"])
        return constants

    @property
    def _has_colours(self) -> bool:
        return len(self.event_shape) == 3 and self.event_shape[-1] > 1

    @property
    def _scale_unit(self) -> float:
        return 0.125 * (self.levels - 1)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        return {
            **super().get_config(),
            "components": self.components,
            "levels": self.levels,
            "scale_floor": self.scale_floor,
        }
