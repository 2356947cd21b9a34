"""The base class of priors that are normalizing flows."""

import abc
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf
from tensorflow_probability import bijectors as tfb

from tfp_vae import checks, distributions, keras_arguments
from tfp_vae.priors.base import Prior


class FlowPrior(Prior):
    """A standard normal under bijectors, each with a network of its own.

    A subclass creates the networks in `build`, and the bijectors from them in `bijectors`.

    Args:
      steps: The number of bijectors.
      units: The width of each hidden layer of a network.
      activation: A Keras activation.
      **kwargs: The usual arguments of a Keras layer.

    Raises:
      TypeError: If `steps` is not an int, or `units` not a list of ints.
      ValueError: If a number is not positive, or the activation unknown.
    """

    def __init__(
        self,
        steps: int = 4,
        units: Sequence[int] = (64, 64),
        activation: keras_arguments.Activation = "tanh",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.steps = checks.positive_int(steps, "steps")
        self.units = checks.positive_ints(units, "units")
        self.activation = keras.activations.get(keras_arguments.activation(activation))

    @abc.abstractmethod
    def bijectors(self) -> list[tfb.Bijector]:
        """Makes the bijectors, in order from the standard normal to the latents."""

    def distribution(self) -> distributions.NormalizingFlow:
        """Makes the prior: batch `[]`, event `[latent_size]`."""
        return distributions.NormalizingFlow(
            distributions.MultivariateNormalDiag(
                loc=tf.zeros(self.event_shape, self.variable_dtype),
                scale_diag=tf.ones(self.event_shape, self.variable_dtype),
            ),
            self.bijectors(),
        )

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        return {
            **super().get_config(),
            "steps": self.steps,
            "units": list(self.units),
            "activation": keras.activations.serialize(self.activation),
        }
