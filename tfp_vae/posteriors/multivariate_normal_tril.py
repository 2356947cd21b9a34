"""The normal posterior with a full covariance."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfp_vae import checks, distributions
from tfp_vae.distribution_layer import output_of_scale
from tfp_vae.posteriors.base import Posterior


@keras.saving.register_keras_serializable(package="tfp_vae.posteriors")
class MultivariateNormalTriL(Posterior):
    """Normal latents with any covariance, given by its lower triangular Cholesky factor.

    The network emits L numbers for the mean and L (L + 1) / 2 for the factor, whose diagonal goes
    through softplus: Rezende et al. (2014), "Stochastic backpropagation", section 4; Kingma &
    Welling (2019), "An introduction to variational autoencoders", section 2.5.1.

    Args:
      latent_size: The number of latent variables.
      scale_floor: A constant added to the diagonal of the factor, in units of the latents.
      **kwargs: The usual arguments of a Keras layer.

    Call with:
      features: A tensor `[B, F]`.

    Returns:
      A `tfd.MultivariateNormalTriL`, batch `[B]`, event `[latent_size]`.

    Raises:
      TypeError: If `latent_size` is not an int, or `scale_floor` not a number.
      ValueError: If `latent_size` is not positive, or `scale_floor` negative.

    Example:
      >>> q = posteriors.MultivariateNormalTriL(latent_size=2)(np.zeros([3, 8]))
      >>> q.covariance().shape
      TensorShape([3, 2, 2])
    """

    parameter_names = ("loc", "scale_tril")

    def __init__(self, latent_size: int, scale_floor: float = 1e-6, **kwargs: Any) -> None:
        super().__init__(latent_size, **kwargs)
        self.scale_floor = checks.finite_number(scale_floor, "scale_floor", minimum=0.0)

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Returns `[L]` for the mean and `[L (L + 1) / 2]` for the factor."""
        size = self.latent_size
        return {"loc": (size,), "scale_tril": (size * (size + 1) // 2,)}

    def distribution(
        self, loc: tf.Tensor, scale_tril: tf.Tensor
    ) -> distributions.MultivariateNormalTriL:
        """Makes the normal from `loc`, `[B, L]`, and the factor's entries, the diagonal first."""
        size = self.latent_size
        diagonal = tf.math.softplus(scale_tril[..., :size]) + self.scale_floor
        # The index of each entry of the factor in the list of diagonal, lower triangle and a zero.
        places = np.full([size, size], size * (size + 1) // 2)
        places[np.tril_indices(size, -1)] = np.arange(size, size * (size + 1) // 2)
        places[np.diag_indices(size)] = np.arange(size)
        zero = tf.zeros_like(diagonal[..., :1])
        entries = tf.concat([diagonal, scale_tril[..., size:], zero], axis=-1)
        factor = tf.gather(entries, places, axis=-1)
        return distributions.MultivariateNormalTriL(loc=loc, scale_tril=factor)

    def constants_at(self, stddev: np.ndarray) -> dict[str, np.ndarray]:
        """Returns the outputs for a location of 0 and a diagonal covariance."""
        factor = np.zeros(self.parameter_shapes()["scale_tril"])
        factor[: self.latent_size] = output_of_scale(stddev, self.scale_floor)
        return {"loc": np.zeros(self.event_shape), "scale_tril": factor}

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        return {**super().get_config(), "scale_floor": self.scale_floor}
