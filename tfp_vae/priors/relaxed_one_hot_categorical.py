"""The relaxed categorical prior with equally likely categories."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tfp_vae import checks, distributions, supports
from tfp_vae.priors.base import Prior
from tfp_vae.priors.one_hot_shape import check_one_hot_shape


@keras.saving.register_keras_serializable(package="tfp_vae.priors")
class RelaxedOneHotCategorical(Prior):
    """Uniform categories, relaxed at a fixed temperature, for the posterior of the same name.

    Maddison et al. (2017), "The concrete distribution", relax the prior too, so that both densities
    are on the same set and the bound remains a bound.

    Args:
      latent_variables: The number of categorical variables.
      categories: The number of categories of each, 2 or more.
      temperature: A positive number.
      **kwargs: The usual arguments of a Keras layer.

    Raises:
      TypeError: If `latent_variables` or `categories` is not an int, or `temperature` not a number.
      ValueError: If `latent_variables` or `temperature` is not positive, or `categories` below 2;
        when it is built, if the latents are not `latent_variables * categories`.

    Example:
      >>> prior = priors.RelaxedOneHotCategorical(latent_variables=3, categories=4)
      >>> prior.build([12])
      >>> prior.distribution().sample(5, seed=0).shape
      TensorShape([5, 12])
    """

    def __init__(
        self, latent_variables: int, categories: int, temperature: float = 0.5, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.latent_variables = checks.positive_int(latent_variables, "latent_variables")
        self.categories = checks.positive_int(categories, "categories")
        if self.categories < 2:
            raise ValueError(f"`categories` must be at least 2; got {self.categories}.")
        self.temperature = checks.finite_number(
            temperature, "temperature", minimum=0.0, exclusive=True
        )
        self.latent_space = supports.relaxed_one_hot_vectors(self.latent_variables, self.categories)

    def build(self, event_shape: Sequence[int]) -> None:
        """Sets the event shape, `[latent_variables * categories]`."""
        check_one_hot_shape(event_shape, self.latent_variables, self.categories)
        super().build(event_shape)

    def distribution(self) -> distributions.RelaxedOneHotCategorical:
        """Makes the prior: batch `[]`, event `[latent_variables * categories]`."""
        logits = tf.zeros([self.latent_variables, self.categories], self.variable_dtype)
        return distributions.RelaxedOneHotCategorical(self.temperature, logits)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        return {
            **super().get_config(),
            "latent_variables": self.latent_variables,
            "categories": self.categories,
            "temperature": self.temperature,
        }
