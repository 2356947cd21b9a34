"""The logistic-normal posterior, on the simplex."""

from typing import Any

import keras
import tensorflow as tf

from tfp_vae import checks, distributions, supports
from tfp_vae.posteriors.base import Posterior

_SCALE_FLOOR = 1e-3


@keras.saving.register_keras_serializable(package="tfp_vae.posteriors")
class LogisticNormal(Posterior):
    """Latents that are shares of a whole, as the topics of a document: positive, with a sum of 1.

    They are softmax of independent normal variables, one for each category but the last, and of a 0
    for that: the bijection of `tfb.SoftmaxCentered`, unlike a softmax of as many normal variables
    as categories, whose density on the simplex has no closed form. With `priors.LogisticNormal` the
    model is that of Srivastava & Sutton (2017), "Autoencoding variational inference for topic
    models", with an exact KL.

    Args:
      categories: The number of categories, 2 or more; it is the number of latents.
      **kwargs: The usual arguments of a Keras layer.

    Call with:
      features: A tensor `[B, F]`.

    Returns:
      A `distributions.LogisticNormal`, batch `[B]`, event `[categories]`. Its mean has no closed
      form: it is estimated from 256 draws of fixed noise.

    Raises:
      TypeError: If `categories` is not an int.
      ValueError: If `categories` is below 2.

    Example:
      >>> q = posteriors.LogisticNormal(categories=4)(np.ones([5, 8]))
      >>> bool(np.allclose(tf.reduce_sum(q.sample(seed=0), axis=-1), 1.0))
      True
    """

    parameter_names = ("loc", "scale")

    def __init__(self, categories: int, **kwargs: Any) -> None:
        self.categories = checks.positive_int(categories, "categories")
        if self.categories < 2:
            raise ValueError(f"`categories` must be at least 2; got {self.categories}.")
        super().__init__(self.categories, **kwargs)
        self.latent_space = supports.relaxed_one_hot_vectors(1, self.categories)

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Returns `[categories - 1]` for the location and for the scale of the normal."""
        return dict.fromkeys(self.parameter_names, (self.categories - 1,))

    def distribution(self, loc: tf.Tensor, scale: tf.Tensor) -> distributions.LogisticNormal:
        """Makes the distribution of `loc` and the unconstrained `scale`, `[B, categories - 1]`."""
        return distributions.LogisticNormal(
            distributions.MultivariateNormalDiag(
                loc=loc, scale_diag=tf.math.softplus(scale) + _SCALE_FLOOR
            )
        )

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        config = super().get_config()
        del config["latent_size"]
        return {**config, "categories": self.categories}
