"""The categorical prior."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tfp_vae import checks, distributions, supports
from tfp_vae.priors.base import Prior
from tfp_vae.priors.one_hot_shape import check_one_hot_shape


@keras.saving.register_keras_serializable(package="tfp_vae.priors")
class Categorical(Prior):
    """Categorical latents as one-hot vectors, for the posterior of the same name.

    Args:
      categories: The number of categories of each variable, 2 or more.
      latent_variables: The number of categorical variables.
      learned: Whether the probabilities of the categories are learned; else they are equal.
      **kwargs: The usual arguments of a Keras layer.

    Raises:
      TypeError: If `categories` or `latent_variables` is not an int, or `learned` not a bool.
      ValueError: If `latent_variables` is not positive, or `categories` below 2; when it is built,
        if the latents are not `latent_variables * categories`.

    Example:
      >>> prior = priors.Categorical(categories=4)
      >>> prior.build([4])
      >>> prior.distribution().mean().numpy()
      array([0.25, 0.25, 0.25, 0.25], dtype=float32)

    Source: Kingma et al. (2014), "Semi-supervised learning with deep generative models", equation
    2.
    """

    def __init__(
        self, categories: int, latent_variables: int = 1, learned: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.categories = checks.positive_int(categories, "categories")
        self.latent_variables = checks.positive_int(latent_variables, "latent_variables")
        if self.categories < 2:
            raise ValueError(f"`categories` must be at least 2; got {self.categories}.")
        self.learned = checks.instance_of(learned, bool, "learned", "True")
        self.latent_space = supports.one_hot_vectors(self.latent_variables, self.categories)

    def build(self, event_shape: Sequence[int]) -> None:
        """Creates the logits, `[latent_variables, categories]`, if they are learned."""
        check_one_hot_shape(event_shape, self.latent_variables, self.categories)
        self.logits = self.add_weight(
            name="logits",
            shape=[self.latent_variables, self.categories],
            initializer="zeros",
            trainable=self.learned,
            autocast=False,
        )
        super().build(event_shape)

    def distribution(self) -> distributions.OneHotCategorical:
        """Makes the prior: batch `[]`, event `[latent_variables * categories]`."""
        return distributions.OneHotCategorical(tf.convert_to_tensor(self.logits))

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        return {
            **super().get_config(),
            "categories": self.categories,
            "latent_variables": self.latent_variables,
            "learned": self.learned,
        }
