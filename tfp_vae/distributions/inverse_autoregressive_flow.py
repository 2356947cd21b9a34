"""The inverse autoregressive flow: a diagonal normal under gated autoregressive bijectors."""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae.distributions import flow_bijectors
from tfp_vae.distributions.amortized_flow import AmortizedFlow, batched

ContextFn = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
"""From latents `[..., L]` and a context `[..., C]` to mean and gate of every latent, `[..., L, 2]`,
which depend on the latents before it."""


class InverseAutoregressiveFlow(AmortizedFlow):
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
        return batched(context=1)

    def _log_prob(self, value: tf.Tensor) -> tf.Tensor:
        leading = value.shape[:-1]
        if tf.broadcast_static_shape(leading, self.batch_shape) != leading:
            # The loop over the latents must keep the shape of its initial value.
            shape = tf.broadcast_dynamic_shape(tf.shape(value)[:-1], self.batch_shape_tensor())
            value = tf.broadcast_to(value, tf.concat([shape, self.event_shape_tensor()], axis=0))
        return super()._log_prob(value)


def _conditioned(network: ContextFn, context: tf.Tensor) -> flow_bijectors.ParameterFn:
    return lambda latents: network(latents, context)
