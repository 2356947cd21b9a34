"""A logistic distribution of whole numbers, accurate in both tails."""

from typing import Self

import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import seeds, stateless_random


class DiscretizedLogistic(tfd.QuantizedDistribution):
    """A `tfd.QuantizedDistribution` of a logistic: the whole numbers 0 to levels - 1.

    A number k has the probability that the logistic variable lies between k - 1/2 and k + 1/2; the
    first and the last have the tails as well.

    TensorFlow Probability takes the logarithm of the difference of two cumulative distribution
    functions, and loses digits where they are nearly equal. With a and b the standardised ends of
    the interval and S the logistic function,

        log(S(b) - S(a)) = log S(b) + log S(-a) + log(1 - exp(a - b)),

    in which no terms cancel; b - a is 1 / scale. The first number has no term of a, the last none
    of b, and both lack the third. Draws are rounded quantiles of uniform numbers.
    """

    @classmethod
    def from_levels(cls, loc: tf.Tensor, scale: tf.Tensor, levels: int) -> Self:
        """Makes the distribution from the location and scale of the logistic, in levels."""
        # Quantized to the whole number above, so that the interval of k ends at k.
        return cls(tfd.Logistic(loc - 0.5, scale), low=0.0, high=float(levels - 1))

    def _log_prob(self, value: tf.Tensor) -> tf.Tensor:
        logistic = self.distribution
        centred = value - logistic.loc
        zero = tf.zeros_like(centred)
        upper = tf.math.log_sigmoid(centred / logistic.scale)
        lower = tf.math.log_sigmoid((1.0 - centred) / logistic.scale)
        width = tf.math.log(-tf.math.expm1(-1.0 / logistic.scale))
        is_first, is_last = value <= 0.0, value >= self.high
        return (
            tf.where(is_last, zero, upper)
            + tf.where(is_first, zero, lower)
            + tf.where(is_first | is_last, zero, width)
        )

    def _sample_n(self, n: tf.Tensor, seed: seeds.Seed = None) -> tf.Tensor:
        shape = tf.concat([tf.reshape(n, [1]), self.batch_shape_tensor()], axis=0)
        uniform = stateless_random.uniform(shape, seeds.as_seed(seed), self.dtype)
        logistic = tf.math.log(uniform) - tf.math.log1p(-uniform)
        drawn = tf.math.ceil(self.distribution.loc + self.distribution.scale * logistic)
        return tf.clip_by_value(drawn, self.low, self.high)

    def _mean(self) -> tf.Tensor:
        """Adds up P(value >= k) over k, one level at a time to save memory."""
        logistic, last = self.distribution, int(tf.get_static_value(self.high))

        def step(k: tf.Tensor, total: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            return k + 1.0, total + tf.sigmoid((logistic.loc - k + 1.0) / logistic.scale)

        first = tf.ones([], self.dtype), tf.zeros_like(logistic.loc + logistic.scale)
        return tf.while_loop(
            lambda k, _: k <= float(last),
            step,
            first,
            maximum_iterations=last,
        )[1]
