"""The beta posterior, on the unit interval."""

from typing import Any

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import distributions, supports
from tfp_vae.posteriors.base import Posterior
from tfp_vae.posteriors.concentrations import checked_floor, softplus_concentration


@keras.saving.register_keras_serializable(package="tfp_vae.posteriors")
class Beta(Posterior):
    """Independent latents on (0, 1), for intensities, proportions or switches that are in between.

    Each is a beta variable of two concentrations, which are softplus of the network's outputs plus
    a floor, at most 10,000, where the standard deviation of a latent in the middle is 0.0035. Draws
    have the implicit gradient of Figurnov et al. (2018), "Implicit reparameterization gradients".
    The KL from `priors.Beta` is exact.

    Args:
      latent_size: The number of latent variables L.
      concentration_floor: A constant added to every concentration, from 0.01 to 1,000. With
        concentrations of 0.5, one draw in 9,000 is nearer to 1 than float32 can tell, and takes the
        largest number below it; with 0.1, one in 11.
      **kwargs: The usual arguments of a Keras layer.

    Call with:
      features: A tensor `[B, F]`.

    Returns:
      A `tfd.Independent` of `tfd.Beta`, batch `[B]`, event `[latent_size]`.

    Raises:
      TypeError: If `latent_size` is not an int, or `concentration_floor` not a number.
      ValueError: If `latent_size` is not positive, or `concentration_floor` too small or too large.

    Example:
      >>> q = posteriors.Beta(latent_size=2)(np.zeros([3, 8]))
      >>> q.mean()[0].numpy()
      array([0.5, 0.5], dtype=float32)
    """

    parameter_names = ("concentration1", "concentration0")
    latent_space = supports.UNIT_INTERVAL_VECTORS

    def __init__(self, latent_size: int, concentration_floor: float = 0.5, **kwargs: Any) -> None:
        super().__init__(latent_size, **kwargs)
        self.concentration_floor = checked_floor(concentration_floor)

    def distribution(self, concentration1: tf.Tensor, concentration0: tf.Tensor) -> tfd.Independent:
        """Makes the distribution of two unconstrained tensors `[B, L]`."""
        return tfd.Independent(
            distributions.Beta(
                softplus_concentration(concentration1, self.concentration_floor),
                softplus_concentration(concentration0, self.concentration_floor),
            ),
            1,
        )

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        return {**super().get_config(), "concentration_floor": self.concentration_floor}
