"""A diagonal normal that goes through gated autoregressive steps."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import tensorflow as tf
from tensorflow_probability import distributions as tfd
from tensorflow_probability import util as tfp_util

from tfp_vae import seeds
from tfp_vae.distributions import flow_bijectors
from tfp_vae.distributions.normalizing_flow import NormalizingFlow

ContextFn = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
"""From latents `[..., L]` and a context `[..., C]` to the mean and the gate of every latent,
`[..., L, 2]`, which depend on the latents before it."""


class InverseAutoregressiveFlow(NormalizingFlow):
    """The inverse autoregressive flow of Kingma et al. (2016), algorithm 1.

    Draws, and log-probabilities of the very tensor that was drawn, take one evaluation of each
    network; log-probabilities of any other values take as many as there are latents.

    Mean and variance have no formula: they are Monte Carlo estimates from 256 draws at a fixed
    seed, equal at every call. The noise of a draw is used with either sign, so that where the flow
    is affine the mean is exact.

    Args:
      distribution: The normal that the flow begins with, batch `[B]`, event `[L]`.
      context: What all networks see besides the latents, `[B, C]`.
      networks: The network of each step, from the normal to the latents.
      gate_bias: What is added to the networks' gates before the sigmoid.
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
            flow_bijectors.gated_inverse_autoregressive(_given(context, network), gate_bias)
            for network in self.networks
        ]
        super().__init__(distribution, steps, parameters=parameters, name=name)

    @classmethod
    def _parameter_properties(cls, dtype: Any, num_classes: Any = None) -> dict[str, Any]:
        del dtype, num_classes
        return {
            "distribution": tfp_util.BatchedComponentProperties(),
            "context": tfp_util.ParameterProperties(event_ndims=1),
        }

    def _maybe_broadcast_distribution_batch_shape(self) -> tfd.Distribution:
        """Returns the normal, which has the whole batch, and draws the same if it is not known."""
        return self.distribution

    def _log_prob(self, value: tf.Tensor) -> tf.Tensor:
        leading = value.shape[:-1]
        if tf.broadcast_static_shape(leading, self.batch_shape) != leading:
            # The loop over latents keeps the shape that it begins with.
            shape = tf.broadcast_dynamic_shape(tf.shape(value)[:-1], self.batch_shape_tensor())
            value = tf.broadcast_to(value, tf.concat([shape, self.event_shape_tensor()], axis=0))
        return super()._log_prob(value)

    def _mean(self) -> tf.Tensor:
        return self._expectation(lambda z: z)

    def _variance(self) -> tf.Tensor:
        mean = self._mean()
        return self._expectation(lambda z: tf.math.squared_difference(z, mean))

    def _expectation(self, function: Callable[[tf.Tensor], tf.Tensor]) -> tf.Tensor:
        """Returns the mean of a function of draws, a few at a time, for the sake of memory."""
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


def _given(context: tf.Tensor, network: ContextFn) -> flow_bijectors.ParameterFn:
    return lambda latents: network(latents, context)
