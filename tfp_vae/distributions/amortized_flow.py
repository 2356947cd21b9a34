"""A normalizing flow with a batch, whose mean and variance are estimated from draws."""

from collections.abc import Callable
from typing import Any, ClassVar

import tensorflow as tf
from tensorflow_probability import distributions as tfd
from tensorflow_probability import util as tfp_util

from tfp_vae import seeds
from tfp_vae.distributions.normalizing_flow import NormalizingFlow


class AmortizedFlow(NormalizingFlow):
    """A normalizing flow whose base distribution and bijectors come from an encoder.

    Mean and variance have no closed form: they are Monte Carlo estimates from 256 draws with a
    fixed seed, equal at every call. The draws are antithetic, which makes the mean of an affine
    flow exact.

    Args:
      distribution: The base distribution, symmetric about its mean, batch `[B]`, event `[L]`.
      steps: Bijectors, from the base distribution to the latents, each with a batch `[]` or `[B]`.
      parameters: The arguments of a subclass, by which TensorFlow Probability slices it.
    """

    moment_draws: ClassVar[int] = 256
    """The number of draws that mean and variance are estimated from."""

    _DRAWS_AT_ONCE: ClassVar[int] = 64

    def _maybe_broadcast_distribution_batch_shape(self) -> tfd.Distribution:
        """Returns the base distribution: it has the whole batch, of a known size or not."""
        return self.distribution

    def _mean(self) -> tf.Tensor:
        return self._expectation(lambda z: z)

    def _variance(self) -> tf.Tensor:
        mean = self._mean()
        return self._expectation(lambda z: tf.math.squared_difference(z, mean))

    def _expectation(self, function: Callable[[tf.Tensor], tf.Tensor]) -> tf.Tensor:
        """Returns the mean of a function over draws, taken a few at a time to save memory."""
        rounds = self.moment_draws // self._DRAWS_AT_ONCE
        centre, key = self.distribution.mean(), seeds.as_seed(seeds.EVALUATION)

        def add(index: tf.Tensor, total: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            drawn = self.distribution.sample(
                self._DRAWS_AT_ONCE // 2, seed=seeds.fold_in(key, index)
            )
            z = self.bijector.forward(tf.concat([drawn, 2.0 * centre - drawn], axis=0))
            return index + 1, total + tf.reduce_mean(function(z), axis=0) / rounds

        return tf.while_loop(
            lambda index, _: index < rounds,
            add,
            (tf.constant(0), tf.zeros_like(centre)),
            maximum_iterations=rounds,
        )[1]


def batched(**event_ndims: int) -> dict[str, Any]:
    """Returns the properties of a base distribution and of parameters with its batch.

    Args:
      **event_ndims: The number of axes of every parameter after those of the batch.
    """
    return {
        "distribution": tfp_util.BatchedComponentProperties(),
        **{
            name: tfp_util.ParameterProperties(event_ndims=count)
            for name, count in event_ndims.items()
        },
    }
