"""The inverse autoregressive flow: a diagonal normal under gated autoregressive bijectors."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import tensorflow as tf
from tensorflow_probability import distributions as tfd
from tensorflow_probability import util as tfp_util

from tfp_vae import seeds
from tfp_vae.distributions import flow_bijectors
from tfp_vae.distributions.normalizing_flow import NormalizingFlow

ContextFn = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
"""From latents `[..., L]` and a context `[..., C]` to mean and gate of every latent, `[..., L, 2]`,
which depend on the latents before it."""


class InverseAutoregressiveFlow(NormalizingFlow):
    """The inverse autoregressive flow of Kingma et al. (2016), algorithm 1.

    Draws, and the log-probability of the very tensor that was drawn, take one evaluation of each
    network; the log-probability of other values takes as many as there are latents.

    Mean and variance have no closed form: they are Monte Carlo estimates from 256 draws with a
    fixed seed, equal at every call. The draws are antithetic, which makes the mean of an affine
    flow exact.

    Args:
      distribution: The base distribution, a normal, batch `[B]`, event `[L]`.
      context: A further input of all networks, `[B, C]`.
      networks: The network of each bijector, from the base distribution to the latents.
      gate_bias: A constant added to the networks' gates before the sigmoid.
    """

    moment_draws: ClassVar[int] = 256
    """The number of draws that mean and variance are estimated from."""

    _DRAWS_AT_ONCE: ClassVar[int] = 64

    def __init__(
        self,
        distribution: tfd.Distribution,
        context: tf.Tensor,
        networks: Sequence[ContextFn],
        gate_bias: float,
        name: str = "InverseAutoregressiveFlow",
    ) -> None:
        parameters = dict(locals())
        self.context = context
        self.networks, self.gate_bias = list(networks), gate_bias
        steps = [
            flow_bijectors.gated_inverse_autoregressive(_conditioned(network, context), gate_bias)
            for network in self.networks
        ]
        super().__init__(distribution, steps, parameters=parameters, name=name)

    @classmethod
    def _parameter_properties(
        cls, dtype: tf.DType, num_classes: int | None = None
    ) -> dict[str, Any]:
        del dtype, num_classes
        return {
            "distribution": tfp_util.BatchedComponentProperties(),
            "context": tfp_util.ParameterProperties(event_ndims=1),
        }

    def _maybe_broadcast_distribution_batch_shape(self) -> tfd.Distribution:
        """Returns the base distribution: it has the whole batch, of a known size or not."""
        return self.distribution

    def _log_prob(self, value: tf.Tensor) -> tf.Tensor:
        leading = value.shape[:-1]
        if tf.broadcast_static_shape(leading, self.batch_shape) != leading:
            # The loop over the latents must keep the shape of its initial value.
            shape = tf.broadcast_dynamic_shape(tf.shape(value)[:-1], self.batch_shape_tensor())
            value = tf.broadcast_to(value, tf.concat([shape, self.event_shape_tensor()], axis=0))
        return super()._log_prob(value)

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


def _conditioned(network: ContextFn, context: tf.Tensor) -> flow_bijectors.ParameterFn:
    return lambda latents: network(latents, context)
