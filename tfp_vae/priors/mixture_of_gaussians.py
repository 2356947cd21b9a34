"""The Gaussian mixture prior."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import checks, distributions
from tfp_vae.priors.base import Prior
from tfp_vae.priors.normal import raw_scale_of_1, scale_floor_below_1


@keras.saving.register_keras_serializable(package="tfp_vae.priors")
class MixtureOfGaussians(Prior):
    """A mixture of normals with learned weights, means and scales: clusters of latents.

    The KL to it has no closed form: it is estimated from draws, as `vae.summary()` says.
    Dilokthanakul et al. (2016), "Deep unsupervised clustering with Gaussian mixture variational
    autoencoders"; Tomczak & Welling (2018), "VAE with a VampPrior", as the baseline "MoG".

    Args:
      components: The number of normals.
      scale_floor: A constant added to every scale, in units of the latents.
      **kwargs: The usual arguments of a Keras layer.

    Raises:
      TypeError: If `components` is not an int, or `scale_floor` not a number.
      ValueError: If `components` is not positive, `scale_floor` negative, or 1 or more.

    Example:
      >>> prior = priors.MixtureOfGaussians(components=10)
      >>> prior.build([2])
      >>> prior.distribution().sample(5, seed=0).shape
      TensorShape([5, 2])
    """

    def __init__(self, components: int, scale_floor: float = 1e-3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.components = checks.positive_int(components, "components")
        self.scale_floor = scale_floor_below_1(scale_floor)

    def build(self, event_shape: Sequence[int]) -> None:
        """Creates the weights: `[components]` and twice `[components, latent_size]`."""
        shape = [self.components, *event_shape]
        self.logits = self.add_weight(
            name="logits", shape=[self.components], initializer="zeros", autocast=False
        )
        # Components with equal means would have equal gradients, and stay equal.
        self.loc = self.add_weight(
            name="loc",
            shape=shape,
            initializer=keras.initializers.RandomNormal(stddev=1.0),
            autocast=False,
        )
        self.raw_scale = self.add_weight(
            name="raw_scale",
            shape=shape,
            initializer=raw_scale_of_1(self.scale_floor),
            autocast=False,
        )
        super().build(event_shape)

    def distribution(self) -> distributions.MixtureSameFamily:
        """Makes the prior: batch `[]`, event `[latent_size]`."""
        raw_scale = tf.convert_to_tensor(self.raw_scale)
        return distributions.MixtureSameFamily(
            tfd.Categorical(logits=tf.convert_to_tensor(self.logits)),
            distributions.MultivariateNormalDiag(
                loc=tf.convert_to_tensor(self.loc),
                scale_diag=tf.math.softplus(raw_scale) + self.scale_floor,
            ),
        )

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        return {
            **super().get_config(),
            "components": self.components,
            "scale_floor": self.scale_floor,
        }
