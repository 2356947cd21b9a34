"""The von Mises-Fisher posterior, on the unit sphere."""

from typing import Any

import keras
import tensorflow as tf

from tfp_vae import distributions, supports
from tfp_vae.posteriors import directions
from tfp_vae.posteriors.base import Posterior


@keras.saving.register_keras_serializable(package="tfp_vae.posteriors")
class VonMisesFisher(Posterior):
    """Latents on the unit sphere, normal ones around a mean direction that are held to length 1.

    The density is proportional to exp(κ μᵀz); the concentration κ is 1 + softplus of the network's
    output, at most 10,000. With `priors.SphericalUniform` it is the hyperspherical autoencoder of
    Davidson et al. (2018), with an exact KL. Draws are by rejection, with the implicit gradient.
    `PowerSpherical` is nearly the same distribution, and has draws and a density that cost less.

    Args:
      latent_size: The number of latent variables L, at least 2: the sphere has L - 1 dimensions.
      **kwargs: The usual arguments of a Keras layer.

    Call with:
      features: A tensor `[B, F]`.

    Returns:
      A `tfd.VonMisesFisher`, batch `[B]`, event `[latent_size]`. Its mean lies inside the sphere.

    Raises:
      TypeError: If `latent_size` is not an int.
      ValueError: If `latent_size` is below 2.

    Example:
      >>> q = posteriors.VonMisesFisher(latent_size=6)(np.ones([5, 8]))
      >>> bool(np.allclose(np.linalg.norm(q.sample(seed=0), axis=-1), 1.0))
      True
    """

    parameter_names = ("loc", "concentration")
    latent_space = supports.UNIT_VECTORS

    def __init__(self, latent_size: int, **kwargs: Any) -> None:
        super().__init__(directions.sphere_size(latent_size), **kwargs)

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Returns `[L]` for the direction and `[1]` for the concentration."""
        return {"loc": (self.latent_size,), "concentration": (1,)}

    def distribution(
        self, loc: tf.Tensor, concentration: tf.Tensor
    ) -> distributions.VonMisesFisher:
        """Makes the distribution from a vector `[B, L]` of any length, and `[B, 1]`."""
        return distributions.VonMisesFisher(
            mean_direction=directions.unit_direction(loc),
            concentration=directions.concentration_above_1(concentration[..., 0]),
        )
