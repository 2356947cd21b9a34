"""The logistic-normal prior, on the simplex."""

import math
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tfp_vae import checks, distributions, supports
from tfp_vae.priors.base import Prior
from tfp_vae.priors.one_hot_shape import check_one_hot_shape


@keras.saving.register_keras_serializable(package="tfp_vae.priors")
class LogisticNormal(Prior):
    """The Laplace approximation of a symmetric Dirichlet distribution, for topic models.

    As a function of x = log(v / v_K), the Dirichlet density with all K concentrations equal to c is
    proportional to (v_1 ... v_K)^c. It is largest at x = 0, where the second derivative of its
    logarithm is -c (I - 11ᵀ / K). So the approximation is the softmax of a 0 and of K - 1 normal
    variables with mean 0 and covariance (I + 11ᵀ) / c, in which all categories are alike.
    Srivastava & Sutton (2017), "Autoencoding variational inference for topic models", approximate
    it for a softmax of K variables, and leave out the covariances between those.

    Args:
      categories: The number of categories K, 2 or more.
      concentration: The concentration c, a positive number: below 1 most shares are near 0, as of
        documents with few topics; the larger it is, the more equal are the shares.
      **kwargs: The usual arguments of a Keras layer.

    Raises:
      TypeError: If `categories` is not an int, or `concentration` not a number.
      ValueError: If `categories` is below 2, or `concentration` below 0.001 or above a million;
        when it is built, if there are not `categories` latents.

    Example:
      >>> prior = priors.LogisticNormal(categories=4, concentration=0.5)
      >>> prior.build([4])
      >>> float(tf.reduce_sum(prior.distribution().sample(seed=0))) > 0.999
      True
    """

    def __init__(self, categories: int, concentration: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.categories = checks.positive_int(categories, "categories")
        if self.categories < 2:
            raise ValueError(f"`categories` must be at least 2; got {self.categories}.")
        self.concentration = checks.finite_number(
            concentration, "concentration", minimum=1e-3, maximum=1e6
        )
        self.latent_space = supports.relaxed_one_hot_vectors(1, self.categories)

    def build(self, event_shape: Sequence[int]) -> None:
        """Sets the event shape, `[categories]`."""
        check_one_hot_shape(event_shape, 1, self.categories)
        super().build(event_shape)

    def distribution(self) -> distributions.LogisticNormal:
        """Makes the prior: batch `[]`, event `[categories]`."""
        size = self.categories - 1
        covariance = tf.eye(size, dtype=self.variable_dtype) + 1.0
        normal = distributions.MultivariateNormalTriL(
            tf.zeros([size], self.variable_dtype),
            tf.linalg.cholesky(covariance) / math.sqrt(self.concentration),
        )
        return distributions.LogisticNormal(normal)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        return {
            **super().get_config(),
            "categories": self.categories,
            "concentration": self.concentration,
        }
