"""The normal posterior with a scale of low rank plus diagonal."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfp_vae import checks, distributions
from tfp_vae.distribution_layer import output_of_scale
from tfp_vae.posteriors.base import Posterior


@keras.saving.register_keras_serializable(package="tfp_vae.posteriors")
class MultivariateNormalDiagPlusLowRank(Posterior):
    """Normal latents whose scale matrix is diagonal plus a matrix of low rank.

    The scale is S = diag(d) + U Uᵀ, with positive d and U of shape [L, rank]; the covariance is
    S Sᵀ. The network emits L (2 + rank) numbers rather than the L (L + 3) / 2 of a full matrix:
    Rezende et al. (2014), "Stochastic backpropagation", section 4.3, for the precision.

    Args:
      latent_size: The number of latent variables.
      rank: The rank of U, at most `latent_size`.
      scale_floor: A constant added to the diagonal, in units of the latents.
      **kwargs: The usual arguments of a Keras layer.

    Call with:
      features: A tensor `[B, F]`.

    Returns:
      A `tfd.MultivariateNormalDiagPlusLowRank`, batch `[B]`, event `[latent_size]`.

    Raises:
      TypeError: If `latent_size` or `rank` is not an int, or `scale_floor` not a number.
      ValueError: If a size is not positive, `rank` above `latent_size`, or `scale_floor` negative.

    Example:
      >>> q = posteriors.MultivariateNormalDiagPlusLowRank(latent_size=4, rank=1)(np.zeros([3, 8]))
      >>> q.event_shape
      TensorShape([4])
    """

    parameter_names = ("loc", "scale", "directions")

    def __init__(
        self, latent_size: int, rank: int = 1, scale_floor: float = 1e-3, **kwargs: Any
    ) -> None:
        super().__init__(latent_size, **kwargs)
        self.rank = checks.positive_int(rank, "rank")
        if self.rank > self.latent_size:
            raise ValueError(
                f"`rank` must be at most `latent_size`, {self.latent_size}; got {self.rank}."
            )
        self.scale_floor = checks.finite_number(scale_floor, "scale_floor", minimum=0.0)

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Returns `[L]` for mean and diagonal and `[L, rank]` for U."""
        size = self.latent_size
        return {"loc": (size,), "scale": (size,), "directions": (size, self.rank)}

    def distribution(
        self, loc: tf.Tensor, scale: tf.Tensor, directions: tf.Tensor
    ) -> distributions.MultivariateNormalDiagPlusLowRank:
        """Makes the normal from `loc`, the unconstrained diagonal, and U."""
        return distributions.MultivariateNormalDiagPlusLowRank(
            loc=loc,
            scale_diag=tf.math.softplus(scale) + self.scale_floor,
            scale_perturb_factor=directions,
        )

    def constants_at(self, stddev: np.ndarray) -> dict[str, np.ndarray]:
        """Returns the outputs for a location of 0 and this diagonal; U stays the network's."""
        raw = output_of_scale(stddev, self.scale_floor)
        return {"loc": np.zeros(self.event_shape), "scale": raw}

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        return {**super().get_config(), "rank": self.rank, "scale_floor": self.scale_floor}
