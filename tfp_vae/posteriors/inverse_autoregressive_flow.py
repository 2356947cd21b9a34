"""The inverse autoregressive flow posterior."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tfp_vae import checks, distributions, keras_arguments, networks
from tfp_vae.posteriors.base import Posterior

_LEAST_GATE_BIAS = -20.0


@keras.saving.register_keras_serializable(package="tfp_vae.posteriors")
class InverseAutoregressiveFlow(Posterior):
    """Normal latents under gated autoregressive bijectors, which make them dependent.

    Kingma et al. (2016), "Improved variational inference with inverse autoregressive flow",
    algorithm 1: z₀ = loc + scale ε, and in every step

        m, s = MADE(z, context),   g = sigmoid(s),   z ← g z + (1 - g) m,

    where m and s of a latent depend on the latents before it, in an order that alternates between
    steps, and log q(z|x) = log q(z₀|x) - Σ log g. The context is a further output of the encoder.
    The networks' s lies between -5 and 5 before the bias is added.

    Draws and their density take one evaluation of each network. The density of other values takes
    as many sequential evaluations as there are latents; so do the gradient estimators
    "sticking_the_landing" and "doubly_reparameterized", and a `HierarchicalVAE` or a `VampPrior` of
    this posterior. The KL has no closed form; it is estimated from the draws of the bound. Mean and
    standard deviation are estimated from 256 draws with a fixed seed.

    Args:
      latent_size: The number of latent variables.
      steps: The number of steps, each with a network of its own.
      units: The width of each hidden layer of a network.
      context_size: The number of context features from the encoder.
      activation: A Keras activation of the networks.
      gate_bias: A constant added to s: at initialisation, every step multiplies the latents by
        sigmoid(gate_bias). At least -20, where that is 2e-9.
      scale_floor: A constant added to every scale of z₀, so that none is zero, in units of the
        latents.
      **kwargs: The usual arguments of a Keras layer.

    Call with:
      features: A tensor `[B, F]`.

    Returns:
      A `tfd.TransformedDistribution`, batch `[B]`, event `[latent_size]`.

    Raises:
      TypeError: If a size is not an int, or `gate_bias` or `scale_floor` not a number.
      ValueError: If a size is not positive, `scale_floor` negative, `gate_bias` too small, or the
        activation unknown.

    Example:
      >>> q = posteriors.InverseAutoregressiveFlow(latent_size=3, units=[16])(np.zeros([5, 8]))
      >>> q.log_prob(q.sample(2, seed=0)).shape
      TensorShape([2, 5])
    """

    parameter_names = ("loc", "scale", "context")

    def __init__(
        self,
        latent_size: int,
        steps: int = 4,
        units: Sequence[int] = (64, 64),
        context_size: int = 32,
        activation: keras_arguments.Activation = "tanh",
        gate_bias: float = 2.0,
        scale_floor: float = 1e-6,
        **kwargs: Any,
    ) -> None:
        super().__init__(latent_size, **kwargs)
        self.steps = checks.positive_int(steps, "steps")
        self.units = checks.positive_ints(units, "units")
        self.context_size = checks.positive_int(context_size, "context_size")
        self.activation = keras.activations.get(keras_arguments.activation(activation))
        self.gate_bias = checks.finite_number(gate_bias, "gate_bias", minimum=_LEAST_GATE_BIAS)
        self.scale_floor = checks.finite_number(scale_floor, "scale_floor", minimum=0.0)

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Returns `[L]` for mean and scale of z₀ and `[context_size]` for the context."""
        size = self.latent_size
        return {"loc": (size,), "scale": (size,), "context": (self.context_size,)}

    def build(self, features_shape: Sequence[int | None]) -> None:
        """Creates a head for each parameter, and the network of every step."""
        self.networks = [
            networks.MADE(
                parameters=2,
                units=self.units,
                activation=self.activation,
                order="left_to_right" if index % 2 == 0 else "right_to_left",
                output_initializer="zeros",
                dtype=self.variable_dtype,
                name=f"step_{index}",
            )
            for index in range(self.steps)
        ]
        for network in self.networks:
            network.build((None, self.latent_size), (None, self.context_size))
        super().build(features_shape)

    def distribution(
        self, loc: tf.Tensor, scale: tf.Tensor, context: tf.Tensor
    ) -> distributions.InverseAutoregressiveFlow:
        """Makes the flow from `loc` and unconstrained `scale`, `[B, L]`, and a context `[B, C]`."""
        first = distributions.MultivariateNormalDiag(
            loc=loc, scale_diag=tf.math.softplus(scale) + self.scale_floor
        )
        return distributions.InverseAutoregressiveFlow(
            first, context, self.networks, self.gate_bias
        )

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        return {
            **super().get_config(),
            "steps": self.steps,
            "units": list(self.units),
            "context_size": self.context_size,
            "activation": keras.activations.serialize(self.activation),
            "gate_bias": self.gate_bias,
            "scale_floor": self.scale_floor,
        }
