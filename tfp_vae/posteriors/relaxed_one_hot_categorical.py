"""The relaxed categorical posterior, whose draws have a gradient."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf
from keras.optimizers.schedules import LearningRateSchedule

from tfp_vae import checks, distributions, supports
from tfp_vae.posteriors.base import Posterior


@keras.saving.register_keras_serializable(package="tfp_vae.posteriors")
class RelaxedOneHotCategorical(Posterior):
    """Relaxed categorical latents, each a vector of positive numbers that add up to 1.

    The concrete distribution of Maddison et al. (2017), "The concrete distribution", definition 1,
    or Gumbel-softmax of Jang et al. (2017), "Categorical reparameterization with Gumbel-softmax",
    equation 2. The lower the temperature, the closer draws are to one-hot vectors, and the larger
    the variance of the gradient; a schedule lowers it during training. The prior is
    `priors.RelaxedOneHotCategorical`. The KL between the two has no closed form; it is estimated
    from the posterior's draws, as `vae.summary()` says, so the bound is that of the relaxed model.

    Args:
      latent_variables: The number of categorical variables.
      categories: The number of categories of each, 2 or more.
      temperature: A positive number, or a Keras schedule, called with the number of training steps
        of the layer, which is saved with the weights.
      **kwargs: The usual arguments of a Keras layer.

    Call with:
      features: A tensor `[B, F]`.

    Returns:
      A `distributions.RelaxedOneHotCategorical`, batch `[B]`, event
      `[latent_variables * categories]`.

    Raises:
      TypeError: If `latent_variables` or `categories` is not an int, or `temperature` neither a
        number nor a schedule.
      ValueError: If `latent_variables` or `temperature` is not positive, or `categories` below 2.

    Example:
      >>> q = posteriors.RelaxedOneHotCategorical(
      ...     latent_variables=3, categories=4,
      ...     temperature=keras.optimizers.schedules.PolynomialDecay(1.0, 10_000, 0.5))
      >>> z = q(np.ones([5, 8])).sample(seed=0)
      >>> bool(np.allclose(tf.reduce_sum(tf.reshape(z, [5, 3, 4]), axis=-1), 1.0))
      True
    """

    parameter_names = ("logits",)

    def __init__(
        self,
        latent_variables: int,
        categories: int,
        temperature: float | LearningRateSchedule = 2.0 / 3.0,
        **kwargs: Any,
    ) -> None:
        self.latent_variables = checks.positive_int(latent_variables, "latent_variables")
        self.categories = checks.positive_int(categories, "categories")
        if self.categories < 2:
            raise ValueError(f"`categories` must be at least 2; got {self.categories}.")
        if isinstance(temperature, dict):
            temperature = keras.saving.deserialize_keras_object(temperature)
        self.temperature = (
            temperature
            if isinstance(temperature, LearningRateSchedule)
            else checks.finite_number(temperature, "temperature", minimum=0.0, exclusive=True)
        )
        super().__init__(self.latent_variables * self.categories, **kwargs)
        self.latent_space = supports.relaxed_one_hot_vectors(self.latent_variables, self.categories)

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Returns `[latent_variables, categories]` for the logits."""
        return {"logits": (self.latent_variables, self.categories)}

    def build(self, features_shape: Sequence[int | None]) -> None:
        """Creates the head, and the step counter if the temperature follows a schedule."""
        if isinstance(self.temperature, LearningRateSchedule):
            self.steps = self.add_weight(
                name="steps",
                shape=(),
                dtype="int64",
                initializer="zeros",
                trainable=False,
                autocast=False,
                aggregation="only_first_replica",
            )
        super().build(features_shape)

    def call(
        self,
        features: tf.Tensor,
        *,
        added: Mapping[str, tf.Tensor] | None = None,
        training: bool | None = None,
    ) -> distributions.RelaxedOneHotCategorical:
        """Makes the distribution at the current temperature; in training, counts the step."""
        distribution: distributions.RelaxedOneHotCategorical = super().call(features, added=added)
        if training and isinstance(self.temperature, LearningRateSchedule):
            self.steps.assign_add(tf.ones_like(self.steps))
        return distribution

    def distribution(self, logits: tf.Tensor) -> distributions.RelaxedOneHotCategorical:
        """Makes the distribution of logits `[B, latent_variables, categories]`."""
        return distributions.RelaxedOneHotCategorical(self.present_temperature(), logits)

    def present_temperature(self) -> tf.Tensor:
        """Returns the temperature after the training steps so far, a scalar."""
        if isinstance(self.temperature, LearningRateSchedule):
            return tf.cast(self.temperature(tf.convert_to_tensor(self.steps)), self.variable_dtype)
        return tf.constant(self.temperature, self.variable_dtype)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        config = super().get_config()
        del config["latent_size"]
        temperature = self.temperature
        if isinstance(temperature, LearningRateSchedule):
            temperature = keras.saving.serialize_keras_object(temperature)
        return {
            **config,
            "latent_variables": self.latent_variables,
            "categories": self.categories,
            "temperature": temperature,
        }
