"""The RealNVP prior, a flow of affine couplings."""

from collections.abc import Sequence

import keras
from tensorflow_probability import bijectors as tfb

from tfp_vae import distributions
from tfp_vae.priors import couplings
from tfp_vae.priors.flow import FlowPrior


@keras.saving.register_keras_serializable(package="tfp_vae.priors")
class RealNVP(FlowPrior):
    """A standard normal under affine couplings: each shifts and scales half of the latents.

    Dinh et al. (2017), "Density estimation using Real NVP", equations 4 to 8. The halves alternate
    between couplings. Densities and draws take one evaluation of each network. At initialisation
    the flow is the identity, and the prior the standard normal.

    The KL to it has no closed form: it is estimated from draws, as `vae.summary()` says.

    Args:
      steps: The number of couplings, each with a network of its own; with a single one, half of the
        latents stay standard normal.
      units: The width of each hidden layer of a network.
      activation: A Keras activation.
      **kwargs: The usual arguments of a Keras layer.

    Raises:
      TypeError: If `steps` is not an int, or `units` not a list of ints.
      ValueError: If a number is not positive, or the activation unknown; when it is built, if
        there is only one latent.

    Example:
      >>> prior = priors.RealNVP(steps=2, units=[16])
      >>> prior.build([3])
      >>> prior.distribution().log_prob(np.zeros([5, 3])).shape
      TensorShape([5])
    """

    def build(self, event_shape: Sequence[int]) -> None:
        """Creates the network of every bijector.

        Raises:
          ValueError: If there is only one latent.
        """
        (latent_size,) = tuple(event_shape)
        self.masked = couplings.unchanged(latent_size, self.steps, "RealNVP")
        self.networks = [
            couplings.network(
                stay=abs(masked),
                move=latent_size - abs(masked),
                parameters=2,
                units=self.units,
                activation=self.activation,
                dtype=self.variable_dtype,
                name=f"step_{index}",
            )
            for index, masked in enumerate(self.masked)
        ]
        super().build(event_shape)

    def bijectors(self) -> list[tfb.Bijector]:
        """Makes the bijectors, in order from the standard normal to the latents."""
        return [
            distributions.affine_coupling(couplings.of_any_rank(network), masked)
            for network, masked in zip(self.networks, self.masked, strict=True)
        ]
