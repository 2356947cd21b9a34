"""The categorical posterior, which objectives sum over where they can."""

from typing import Any

import keras
import numpy.typing as npt
import tensorflow as tf

from tfp_vae import checks, distributions, supports
from tfp_vae.posteriors.base import Posterior
from tfp_vae.posteriors.logistic_regression import fitted_logits

_LONGEST_VECTOR = 1_000_000


@keras.saving.register_keras_serializable(package="tfp_vae.posteriors")
class Categorical(Posterior):
    """Categorical latents as one-hot vectors; expectations are sums over all of them.

    Nothing is drawn in training: the objective computes p(x|c) for every combination of categories,
    `categories ** latent_variables` of them, and weights it with q(c|x). The KL is exact, too, and
    so is the gradient. The prior is `priors.Categorical`. For continuous latents beside them there
    is `CategoricalJoint`. More than 10,000 combinations are not summed: they need an objective that
    draws them, such as `ELBO(gradient_estimator="score_function")`, or instead of this posterior
    `RelaxedOneHotCategorical`.

    Args:
      categories: The number of categories of each variable, 2 or more.
      latent_variables: The number of categorical variables.
      **kwargs: The usual arguments of a Keras layer.

    Call with:
      features: A tensor `[B, F]`.

    Returns:
      A `distributions.OneHotCategorical`, batch `[B]`, event `[latent_variables * categories]`.

    Raises:
      TypeError: If an argument is not an int.
      ValueError: If `latent_variables` is not positive, `categories` below 2, or the vectors have
        more than 1,000,000 values.

    Example:
      >>> q = posteriors.Categorical(categories=3)(np.ones([5, 8]))
      >>> q.sample(seed=0).shape, q.support().shape
      (TensorShape([5, 3]), TensorShape([3, 3]))

    Source: Kingma et al. (2014), "Semi-supervised learning with deep generative models", equation
    7, for the sum over the classes.
    """

    parameter_names = ("logits",)

    def __init__(self, categories: int, latent_variables: int = 1, **kwargs: Any) -> None:
        self.categories = checks.positive_int(categories, "categories")
        self.latent_variables = checks.positive_int(latent_variables, "latent_variables")
        if self.categories < 2:
            raise ValueError(f"`categories` must be at least 2; got {self.categories}.")
        length = self.latent_variables * self.categories
        if length > _LONGEST_VECTOR:
            raise ValueError(
                f"`categories * latent_variables` must be at most {_LONGEST_VECTOR:,}, the length "
                f"of a vector of latents; got {self.categories} * {self.latent_variables}."
            )
        super().__init__(length, **kwargs)
        self.summed = distributions.is_summable(self.latent_variables, self.categories)
        if not self.summed:
            self.gradient_estimator = "score_function"
        self.latent_space = supports.one_hot_vectors(self.latent_variables, self.categories)

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Returns `[latent_variables, categories]` for the logits."""
        return {"logits": (self.latent_variables, self.categories)}

    def distribution(self, logits: tf.Tensor) -> distributions.OneHotCategorical:
        """Makes the distribution of logits `[B, latent_variables, categories]`."""
        return distributions.OneHotCategorical(logits)

    def point(self, distribution: distributions.OneHotCategorical) -> tf.Tensor:
        """Returns the one-hot vectors of the most probable categories, `[B, latent_size]`."""
        return distribution.mode()

    def initialize_from(self, features: npt.ArrayLike, probs: npt.ArrayLike) -> None:
        """Sets the head so that q(c|x) follows given probabilities: a regression on features.

        The logits are linear in the features, and minimise the mean cross-entropy of `probs`, with
        a small penalty of squares on standardised features, by L-BFGS.

        Args:
          features: The encoder's features of many rows, `[N, F]`.
          probs: The probabilities of the categories of the one variable, `[N, categories]`.

        Raises:
          ImportError: If SciPy is not installed.
          ValueError: If there are several variables, or the shapes do not fit.

        Example:
          >>> layer = posteriors.Categorical(categories=2)
          >>> layer.build([None, 1])
          >>> layer.initialize_from([[-1.0], [-2.0], [3.0]], [[0.9, 0.1], [1.0, 0.0], [0.0, 1.0]])
          >>> layer(np.array([[-2.0], [3.0]], "float32")).mean().numpy().argmax(axis=1)
          array([0, 1])
        """
        if self.latent_variables != 1:
            raise ValueError(
                "A posteriors.Categorical must have one variable to follow probabilities; got "
                f"{self.latent_variables}."
            )
        rows, targets = checks.array(features, "features"), checks.array(probs, "probs")
        width = (self.heads["logits"].kernel.shape[0],)
        checks.batch_shape(rows.shape, width, "features")
        checks.batch_shape(targets.shape, (self.categories,), "probs")
        kernel, bias = fitted_logits(rows, targets)
        self.heads["logits"].kernel.assign(kernel)
        self.heads["logits"].bias.assign(bias)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        config = super().get_config()
        del config["latent_size"]
        return {
            **config,
            "categories": self.categories,
            "latent_variables": self.latent_variables,
        }
