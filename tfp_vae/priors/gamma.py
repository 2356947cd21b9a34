"""The gamma prior, on the positive numbers."""

import math
from typing import Any

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import checks, distributions, supports
from tfp_vae.priors.base import Prior


@keras.saving.register_keras_serializable(package="tfp_vae.priors")
class Gamma(Prior):
    """Independent gamma latents with a fixed concentration and rate, for `posteriors.Gamma`.

    The mean is `concentration / rate`. The default is the exponential distribution of mean 1. With
    a concentration below 1, many latents are near 0 and a few are large: sparse codes.

    Args:
      concentration: A positive number.
      rate: A positive number, the inverse of a scale in units of the latents.
      **kwargs: The usual arguments of a Keras layer.

    Raises:
      TypeError: If `concentration` or `rate` is not a number.
      ValueError: If one is below 0.001 or above a million.

    Example:
      >>> prior = priors.Gamma(concentration=3.0, rate=2.0)
      >>> prior.build([2])
      >>> prior.distribution().mean().numpy()
      array([1.5, 1.5], dtype=float32)
    """

    latent_space = supports.POSITIVE_VECTORS

    def __init__(self, concentration: float = 1.0, rate: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.concentration = checks.finite_number(
            concentration, "concentration", minimum=1e-3, maximum=1e6
        )
        self.rate = checks.finite_number(rate, "rate", minimum=1e-3, maximum=1e6)

    def distribution(self) -> tfd.Independent:
        """Makes the prior: batch `[]`, event `[latent_size]`."""
        concentration, log_rate = (
            tf.fill(self.event_shape, tf.constant(each, self.variable_dtype))
            for each in (self.concentration, math.log(self.rate))
        )
        return tfd.Independent(distributions.Gamma(concentration, log_rate=log_rate), 1)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        return {**super().get_config(), "concentration": self.concentration, "rate": self.rate}
