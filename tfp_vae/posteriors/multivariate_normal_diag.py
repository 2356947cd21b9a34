"""The diagonal normal posterior."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfp_vae import checks, distributions
from tfp_vae.distribution_layer import LEAST_SCALE, output_of_scale
from tfp_vae.posteriors.base import Posterior

_LARGEST_EXPONENT = 40.0


@keras.saving.register_keras_serializable(package="tfp_vae.posteriors")
class MultivariateNormalDiag(Posterior):
    """Independent normal latents, as in Kingma & Welling (2013), "Auto-encoding variational Bayes".

    Args:
      latent_size: The number of latent variables.
      scale_floor: A constant added to every scale, so that none is zero, in units of the latents.
      scale_activation: From the network's output to a scale: "softplus", or "exp" (the network then
        emits the logarithm of the scale, which is clipped at 40).
      **kwargs: The usual arguments of a Keras layer.

    Call with:
      features: A tensor `[B, F]`.

    Returns:
      A `tfd.MultivariateNormalDiag`, batch `[B]`, event `[latent_size]`.

    Raises:
      TypeError: If `latent_size` is not an int, or `scale_floor` not a number.
      ValueError: If `latent_size` is not positive, `scale_floor` negative, or the activation
        unknown.

    Example:
      >>> posteriors.MultivariateNormalDiag(latent_size=2)(np.zeros([3, 8])).event_shape
      TensorShape([2])
    """

    parameter_names = ("loc", "scale")

    def __init__(
        self,
        latent_size: int,
        scale_floor: float = 1e-6,
        scale_activation: str = "softplus",
        **kwargs: Any,
    ) -> None:
        super().__init__(latent_size, **kwargs)
        self.scale_floor = checks.finite_number(scale_floor, "scale_floor", minimum=0.0)
        self.scale_activation = checks.one_of(
            scale_activation, ["softplus", "exp"], "scale_activation"
        )

    def distribution(
        self, loc: tf.Tensor, scale: tf.Tensor
    ) -> distributions.MultivariateNormalDiag:
        """Makes the normal distribution of `loc` and the unconstrained `scale`, each `[B, L]`."""
        if self.scale_activation == "softplus":
            positive = tf.math.softplus(scale)
        else:
            positive = tf.math.exp(tf.minimum(scale, _LARGEST_EXPONENT))
        return distributions.MultivariateNormalDiag(loc=loc, scale_diag=positive + self.scale_floor)

    def constants_at(self, stddev: np.ndarray) -> dict[str, np.ndarray]:
        """Returns the outputs for a location of 0 and these standard deviations."""
        if self.scale_activation == "exp":
            raw = np.log(np.maximum(stddev - self.scale_floor, LEAST_SCALE))
        else:
            raw = output_of_scale(stddev, self.scale_floor)
        return {"loc": np.zeros(self.event_shape), "scale": raw}

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        return {
            **super().get_config(),
            "scale_floor": self.scale_floor,
            "scale_activation": self.scale_activation,
        }
