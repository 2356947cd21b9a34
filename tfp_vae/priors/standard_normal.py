"""The standard normal prior."""

import keras
import tensorflow as tf

from tfp_vae import distributions
from tfp_vae.priors.base import Prior


@keras.saving.register_keras_serializable(package="tfp_vae.priors")
class StandardNormal(Prior):
    """Independent latents of mean 0 and scale 1, the prior of Kingma & Welling (2013).

    Args:
      **kwargs: The usual arguments of a Keras layer.

    Example:
      >>> prior = priors.StandardNormal()
      >>> prior.build([2])
      >>> prior.distribution().event_shape
      TensorShape([2])
    """

    def distribution(self) -> distributions.MultivariateNormalDiag:
        """Makes the prior: batch `[]`, event `[latent_size]`."""
        return distributions.MultivariateNormalDiag(
            loc=tf.zeros(self.event_shape, self.variable_dtype),
            scale_diag=tf.ones(self.event_shape, self.variable_dtype),
        )
