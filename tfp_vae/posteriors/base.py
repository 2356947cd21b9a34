"""The base class of posteriors q(z|x)."""

from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import checks, supports
from tfp_vae.distribution_layer import DistributionLayer


class Posterior(DistributionLayer):
    """A layer that turns an encoder's features into the posterior q(z|x).

    To add one, write a subclass that names its parameters and implements `distribution`, and
    register it with `keras.saving.register_keras_serializable`.

    Args:
      latent_size: The number of latent variables.
      **kwargs: The usual arguments of a Keras layer.

    Call with:
      features: A tensor `[B, F]`.

    Returns:
      A `tfd.Distribution`, batch `[B]`, event `[latent_size]`.

    Raises:
      TypeError: If `latent_size` is not an int.
      ValueError: If it is not positive.

    Example:
      >>> @keras.saving.register_keras_serializable("mine")
      ... class LogNormal(posteriors.Posterior):
      ...     parameter_names = ("loc",)
      ...
      ...     def distribution(self, loc):
      ...         return tfd.Independent(tfd.LogNormal(loc, 0.1), 1)
      >>> LogNormal(latent_size=2)(np.zeros([3, 8])).event_shape
      TensorShape([2])
    """

    latent_space: supports.LatentSpace = supports.REAL_VECTORS
    """The set of possible latents, which must be the prior's too."""

    summed: bool = False
    """Whether objectives sum over some of the latents, and do not draw them."""

    gradient_estimator: str = "standard"
    """The gradient estimator of an ELBO of these latents, as `objectives.ELBO` takes it."""

    def __init__(self, latent_size: int, **kwargs: Any) -> None:
        self.latent_size = checks.positive_int(latent_size, "latent_size")
        super().__init__(event_shape=[self.latent_size], **kwargs)

    def constants_at(self, stddev: np.ndarray) -> dict[str, np.ndarray] | None:
        """Returns the constant network outputs of a normal posterior, by the parameter's name.

        A linear function of the data is then added to the location, `"loc"`. By default there is
        none, and None is returned.

        Args:
          stddev: The standard deviation of every latent given any row, `[latent_size]`.
        """
        del stddev
        return None

    def point(self, distribution: tfd.Distribution) -> tf.Tensor:
        """Returns the latents of which a reconstruction is made, by default the mean.

        Args:
          distribution: What this layer returned, batch `[B]`.

        Returns:
          A tensor `[B, latent_size]`.
        """
        return distribution.mean()

    def cost(self, distribution: tfd.Distribution) -> tf.Tensor | None:
        """Returns what is subtracted from the objective of every row, `[B]`; None for nothing.

        It is no part of the ELBO: a penalty by which the layer trains its own weights.

        Args:
          distribution: What this layer returned, batch `[B]`.
        """
        del distribution
        return None

    def learn(self, distribution: tfd.Distribution, seed: tf.Tensor) -> None:
        """Changes weights that are not trainable after a batch in training; by default none.

        If the loss or a gradient of the batch is non-finite, the change is undone. Sums over the
        rows are reduced over all replicas by `replica_context.all_reduce_sum`.

        Args:
          distribution: What this layer returned, batch `[B]`.
          seed: A stateless seed, `[2]`.
        """
        del distribution, seed

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        return {**super().get_config(), "latent_size": self.latent_size}
