"""The beta prior, on the unit interval."""

from typing import Any

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import checks, distributions, supports
from tfp_vae.priors.base import Prior


@keras.saving.register_keras_serializable(package="tfp_vae.priors")
class Beta(Prior):
    """Independent beta latents on (0, 1) with fixed concentrations, for `posteriors.Beta`.

    The default is the uniform distribution. With both concentrations below 1, latents are mostly
    near 0 or 1; with `concentration1` far below `concentration0`, mostly near 0.

    Args:
      concentration1: A positive number; the larger, the nearer the latents are to 1.
      concentration0: A positive number; the larger, the nearer they are to 0.
      **kwargs: The usual arguments of a Keras layer.

    Raises:
      TypeError: If a concentration is not a number.
      ValueError: If a concentration is below 0.001 or above a million.

    Example:
      >>> prior = priors.Beta(concentration1=2.0, concentration0=6.0)
      >>> prior.build([3])
      >>> prior.distribution().mean().numpy()
      array([0.25, 0.25, 0.25], dtype=float32)
    """

    latent_space = supports.UNIT_INTERVAL_VECTORS

    def __init__(
        self, concentration1: float = 1.0, concentration0: float = 1.0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.concentration1 = checks.finite_number(
            concentration1, "concentration1", minimum=1e-3, maximum=1e6
        )
        self.concentration0 = checks.finite_number(
            concentration0, "concentration0", minimum=1e-3, maximum=1e6
        )

    def distribution(self) -> tfd.Independent:
        """Makes the prior: batch `[]`, event `[latent_size]`."""
        one, zero = (
            tf.fill(self.event_shape, tf.constant(each, self.variable_dtype))
            for each in (self.concentration1, self.concentration0)
        )
        return tfd.Independent(distributions.Beta(one, zero), 1)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        return {
            **super().get_config(),
            "concentration1": self.concentration1,
            "concentration0": self.concentration0,
        }
