"""A mixture of discretised logistics, of single levels or of the channels of a pixel."""

from typing import Any

import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import seeds, stateless_random
from tfp_vae.distributions.discretized_logistic import DiscretizedLogistic
from tfp_vae.distributions.draws import DrawsFromNoise


class DiscretizedLogisticMixture(DrawsFromNoise, tfd.Distribution):
    """A mixture of K discretised logistics on the whole numbers 0 to levels - 1.

    With coefficients an event is the C channels of a pixel, of which all have the same component k,
    and given that the location of a channel is a linear function of the channels before it:

        loc[k, c] + (levels - 1) / 2 · Σ_{j<c} a[k, c, j] · (2 x_j / (levels - 1) - 1).

    Args:
      logits: The unnormalised log-probabilities of the components, `[..., K]`.
      loc: The locations of the logistics in levels, `[..., K]`, or `[..., K, C]` with coefficients.
      scale: Their scales in levels, positive, of the same shape.
      levels: The number of levels, at least 2.
      coefficients: a, `[..., K, C (C - 1) / 2]`, in the order (1, 0), (2, 0), (2, 1) of (c, j);
        None for events that are single levels.

    Source: Salimans et al. (2017), "PixelCNN++", sections 2.1 and 2.2.
    """

    def __init__(
        self,
        logits: tf.Tensor,
        loc: tf.Tensor,
        scale: tf.Tensor,
        levels: int,
        coefficients: tf.Tensor | None = None,
        name: str = "DiscretizedLogisticMixture",
    ) -> None:
        parameters = dict(locals())
        self.logits, self.loc, self.scale = logits, loc, scale
        self.levels, self.coefficients = levels, coefficients
        super().__init__(
            dtype=loc.dtype,
            reparameterization_type=tfd.NOT_REPARAMETERIZED,
            validate_args=False,
            allow_nan_stats=True,
            parameters=parameters,
            name=name,
        )

    def _event_shape(self) -> tf.TensorShape:
        return tf.TensorShape([] if self.coefficients is None else [self.loc.shape[-1]])

    def _event_shape_tensor(self) -> tf.Tensor:
        return tf.constant(self._event_shape().as_list(), tf.int32)

    def _batch_shape(self) -> tf.TensorShape:
        return self.logits.shape[:-1]

    def _batch_shape_tensor(self, **parameters: Any) -> tf.Tensor:
        del parameters
        return tf.shape(self.logits)[:-1]

    def _log_prob(self, value: tf.Tensor) -> tf.Tensor:
        """Adds up the channels of each component, `[..., K]`, and then the components."""
        channels = self._channels_of(value)
        of_components = tf.zeros_like(self.logits)
        for index, channel in enumerate(channels):
            given = [each[..., tf.newaxis] for each in channels[:index]]
            logistic = self._logistic(index, given)
            of_components = of_components + logistic.log_prob(channel[..., tf.newaxis])
        return tf.reduce_logsumexp(tf.nn.log_softmax(self.logits) + of_components, axis=-1)

    def _draw(self, sample_shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        which_seed, *channel_seeds = seeds.split(seed, 1 + self._channel_count())
        shape = tf.concat([sample_shape, self.batch_shape_tensor()], axis=0)
        uniform = stateless_random.uniform(shape, which_seed, self.dtype)
        below = tf.cumsum(tf.nn.softmax(self.logits), axis=-1)
        chosen = tf.reduce_sum(tf.cast(uniform[..., tf.newaxis] > below, tf.int32), axis=-1)
        # The sum of the probabilities may be rounded to less than a uniform number near 1.
        chosen = tf.minimum(chosen, tf.shape(self.logits)[-1] - 1)
        is_chosen = tf.one_hot(chosen, tf.shape(self.logits)[-1], on_value=True, off_value=False)
        drawn: list[tf.Tensor] = []
        for index, own_seed in enumerate(channel_seeds):
            given = [each[..., tf.newaxis] for each in drawn]
            logistic = self._logistic(index, given).distribution
            loc, scale = (
                tf.reduce_sum(tf.where(is_chosen, each, tf.zeros_like(each)), axis=-1)
                for each in (logistic.loc + 0.5, logistic.scale)
            )
            of_channel = DiscretizedLogistic.from_levels(loc, scale, self.levels)
            drawn.append(of_channel.sample(seed=own_seed))
        return drawn[0] if self.coefficients is None else tf.stack(drawn, axis=-1)

    def _mean(self) -> tf.Tensor:
        """Returns the mean; of several channels, each at the mean of those before it.

        The means of channels after the first are therefore exact up to the rounding and clipping of
        those before.
        """
        weights = tf.nn.softmax(self.logits)
        means: list[tf.Tensor] = []
        for index in range(self._channel_count()):
            means.append(self._logistic(index, means).mean())
        of_channels = [tf.reduce_sum(weights * mean, axis=-1) for mean in means]
        return of_channels[0] if self.coefficients is None else tf.stack(of_channels, axis=-1)

    def _logistic(self, channel: int, given: list[tf.Tensor]) -> DiscretizedLogistic:
        """Returns the components of a channel, batch `[..., K]`.

        Args:
          channel: The index c of the channel.
          given: The channels before it, each with a last axis of the components, or of 1.
        """
        if self.coefficients is None:
            return DiscretizedLogistic.from_levels(self.loc, self.scale, self.levels)
        half = 0.5 * (self.levels - 1)
        loc = self.loc[..., channel]
        first = channel * (channel - 1) // 2
        for index, value in enumerate(given):
            loc = loc + self.coefficients[..., first + index] * (value - half)
        return DiscretizedLogistic.from_levels(loc, self.scale[..., channel], self.levels)

    def _channel_count(self) -> int:
        return 1 if self.coefficients is None else int(self.loc.shape[-1])

    def _channels_of(self, value: tf.Tensor) -> list[tf.Tensor]:
        if self.coefficients is None:
            return [value]
        channels: list[tf.Tensor] = tf.unstack(value, num=self._channel_count(), axis=-1)
        return channels
