"""The masked autoregressive flow prior."""

from collections.abc import Sequence

import keras
from tensorflow_probability import bijectors as tfb

from tfp_vae import distributions, networks
from tfp_vae.priors.flow import FlowPrior


@keras.saving.register_keras_serializable(package="tfp_vae.priors")
class MaskedAutoregressiveFlow(FlowPrior):
    """A standard normal whose values are shifted and scaled by functions of the latents before.

    Papamakarios et al. (2017), "Masked autoregressive flow for density estimation", equations 2 to
    5. The order of the latents alternates between bijectors. A density takes one evaluation of each
    network; a draw takes as many sequential ones as there are latents. At initialisation the flow
    is the identity, and the prior the standard normal.

    The KL to it has no closed form: it is estimated from draws, as `vae.summary()` says.

    Args:
      steps: The number of autoregressive transformations, each with a network of its own.
      units: The width of each hidden layer of a network.
      activation: A Keras activation. With a bounded one, such as tanh, draws stay finite for any
        weights; with others they may grow from latent to latent.
      **kwargs: The usual arguments of a Keras layer.

    Raises:
      TypeError: If `steps` is not an int, or `units` not a list of ints.
      ValueError: If a number is not positive, or the activation unknown.

    Example:
      >>> prior = priors.MaskedAutoregressiveFlow(steps=2, units=[16])
      >>> prior.build([3])
      >>> prior.distribution().log_prob(np.zeros([5, 3])).shape
      TensorShape([5])
    """

    def build(self, event_shape: Sequence[int]) -> None:
        """Creates the network of every bijector."""
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
            network.build((None, *event_shape))
        super().build(event_shape)

    def bijectors(self) -> list[tfb.Bijector]:
        """Makes the bijectors, in order from the standard normal to the latents."""
        return [distributions.masked_autoregressive(network) for network in self.networks]
