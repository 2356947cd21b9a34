"""The neural spline flow prior, a flow of spline couplings."""

from collections.abc import Sequence
from typing import Any

import keras
from tensorflow_probability import bijectors as tfb

from tfp_vae import checks, distributions, keras_arguments
from tfp_vae.priors import couplings
from tfp_vae.priors.flow import FlowPrior


@keras.saving.register_keras_serializable(package="tfp_vae.priors")
class NeuralSplineFlow(FlowPrior):
    """A standard normal under spline couplings: each bends half of the latents, one by one.

    Durkan et al. (2019), "Neural spline flows". A coupling takes each latent of one half through a
    monotonic piecewise rational quadratic function, a spline, that depends on the other half; the
    halves alternate between couplings. Splines can bend a latent where an affine coupling only
    scales and shifts it, so that a few make several modes. Beyond `limit` they are the identity:
    there the prior is about standard normal. Densities and draws take one evaluation of each
    network. At initialisation the flow is the identity, and the prior the standard normal.

    The KL to it has no closed form: it is estimated from draws, as `vae.summary()` says.

    Args:
      steps: The number of couplings, each with a network of its own; with a single one, half of the
        latents stay standard normal.
      units: The width of each hidden layer of a network.
      activation: A Keras activation.
      bins: The number of pieces of every spline.
      limit: The largest absolute value of a latent that is moved, from 0.1 to 100.
      **kwargs: The usual arguments of a Keras layer.

    Raises:
      TypeError: If `steps` or `bins` is not an int, `units` not a list of ints, or `limit` not a
        number.
      ValueError: If an int is not positive, `limit` out of range, or the activation unknown; when
        it is built, if there is only one latent.

    Example:
      >>> prior = priors.NeuralSplineFlow(steps=2, units=[16])
      >>> prior.build([3])
      >>> prior.distribution().log_prob(np.zeros([5, 3])).shape
      TensorShape([5])
    """

    def __init__(
        self,
        steps: int = 4,
        units: Sequence[int] = (64, 64),
        activation: keras_arguments.Activation = "tanh",
        bins: int = 8,
        limit: float = 5.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(steps, units, activation, **kwargs)
        self.bins = checks.positive_int(bins, "bins")
        self.limit = checks.finite_number(limit, "limit", minimum=0.1, maximum=100.0)

    def build(self, event_shape: Sequence[int]) -> None:
        """Creates the network of every bijector.

        Raises:
          ValueError: If there is only one latent.
        """
        (latent_size,) = tuple(event_shape)
        self.masked = couplings.unchanged(latent_size, self.steps, "NeuralSplineFlow")
        self.networks = [
            couplings.network(
                stay=abs(masked),
                move=latent_size - abs(masked),
                parameters=3 * self.bins - 1,
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
            distributions.spline_coupling(
                couplings.of_any_rank(network), masked, self.bins, self.limit
            )
            for network, masked in zip(self.networks, self.masked, strict=True)
        ]

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        return {**super().get_config(), "bins": self.bins, "limit": self.limit}
