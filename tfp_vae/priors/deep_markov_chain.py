"""The prior of a deep Markov model."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfp_vae import checks, distributions, keras_arguments, shapes
from tfp_vae.distribution_layer import output_of_scale
from tfp_vae.priors.normal import raw_scale_of_1, scale_floor_below_1
from tfp_vae.priors.process import Process

_BEGIN = 0.9
"""What every state is multiplied by at first."""

_CLOSED = -2.0
"""What is added to the gate's output, so that it begins nearly closed."""


@keras.saving.register_keras_serializable(package="tfp_vae.priors")
class DeepMarkovChain(Process):
    """States of which each is a network's function of the one before plus noise.

    A gate g of the network weighs a linear function of the state before against the network's own
    proposal h: z_t = (1 - g) (W z_{t-1} + b) + g h + noise, with a scale from the network, too. One
    network serves all steps. In training it begins nearly linear, with W = 0.9 times the identity.

    Draws take one step after the other, densities all steps at once. The KL to it has no closed
    form: it is estimated from draws, as `vae.summary()` says.

    Args:
      time_steps: The number of steps T.
      units: The width of each hidden layer of the network.
      activation: A Keras activation.
      scale_floor: A constant added to every scale, in units of the latents.
      **kwargs: The usual arguments of a Keras layer.

    Raises:
      TypeError: If `time_steps` is not an int, `units` not a list of ints, or `scale_floor` not a
        number.
      ValueError: If a number is not positive, the activation unknown, or `scale_floor` negative, or
        1 or more; when it is built, if the number of latents is no multiple of `time_steps`.

    Example:
      >>> prior = priors.DeepMarkovChain(time_steps=5, units=[16])
      >>> prior.build([10])
      >>> prior.distribution().log_prob(np.zeros([3, 10])).shape
      TensorShape([3])
      >>> prior.following(tf.ones([3, 10]), steps=2).event_shape
      TensorShape([4])
      >>> prior.transition(tf.ones([3, 2])).mean().shape
      TensorShape([3, 2])

    Source: Krishnan et al. (2017), "Structured inference networks for nonlinear state space
    models", for the gated transition.
    """

    def __init__(
        self,
        time_steps: int,
        units: Sequence[int] = (32,),
        activation: keras_arguments.Activation = "tanh",
        scale_floor: float = 1e-3,
        **kwargs: Any,
    ) -> None:
        super().__init__(time_steps, **kwargs)
        self.units = checks.positive_ints(units, "units")
        self.activation = keras.activations.get(keras_arguments.activation(activation))
        self.scale_floor = scale_floor_below_1(scale_floor)
        scale = np.asarray(np.sqrt(1.0 - _BEGIN**2))
        self._first_raw_output = float(output_of_scale(scale, self.scale_floor))

    def build(self, event_shape: Sequence[int]) -> None:
        """Creates the weights of the first state, the linear function and the network."""
        super().build(event_shape)
        size = self.state_size
        self.first_loc = self._weight("first_loc", [size], "zeros")
        self.first_raw_scale = self._weight(
            "first_raw_scale", [size], raw_scale_of_1(self.scale_floor)
        )
        self.kernel = self._weight("kernel", [size, size], keras.initializers.Identity(_BEGIN))
        self.bias = self._weight("bias", [size], "zeros")
        hidden = [
            keras.layers.Dense(width, self.activation, dtype=self.variable_dtype)
            for width in self.units
        ]
        last = keras.layers.Dense(3 * size, kernel_initializer="zeros", dtype=self.variable_dtype)
        self.network = keras.Sequential([*hidden, last], name="transition")
        self.network.build((None, size))

    def distribution(self) -> distributions.DeepMarkovChain:
        """Makes the prior: batch `[]`, event `[T * L]`."""
        first = distributions.MultivariateNormalDiag(
            loc=tf.convert_to_tensor(self.first_loc),
            scale_diag=tf.math.softplus(tf.convert_to_tensor(self.first_raw_scale))
            + self.scale_floor,
        )
        return distributions.DeepMarkovChain(first, self.transition, self.time_steps)

    def following(self, z: tf.Tensor, steps: int) -> distributions.DeepMarkovChain:
        """Returns the chain that the last of the states begins: batch `[...]`, event `[H * L]`.

        Args:
          z: The states of all T steps, `[..., T * L]`.
          steps: The number of steps H that follow, an int.
        """
        first = self.transition(z[..., -self.state_size :])
        return distributions.DeepMarkovChain(first, self.transition, steps)

    def transition(self, states: tf.Tensor) -> distributions.MultivariateNormalDiag:
        """Returns the distribution of the states that follow others, `[..., L]`.

        Args:
          states: `[..., L]`, with at least one leading axis.
        """
        flat, restore = shapes.flatten_leading(states, event_rank=1)
        gate, proposal, raw_scale = tf.split(restore(self.network(flat)), 3, axis=-1)
        gate = tf.sigmoid(gate + _CLOSED)
        linear = tf.linalg.matvec(tf.convert_to_tensor(self.kernel), states) + self.bias
        return distributions.MultivariateNormalDiag(
            loc=(1.0 - gate) * linear + gate * proposal,
            scale_diag=tf.math.softplus(raw_scale + self._first_raw_output) + self.scale_floor,
        )

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        return {
            **super().get_config(),
            "units": list(self.units),
            "activation": keras.activations.serialize(self.activation),
            "scale_floor": self.scale_floor,
        }
