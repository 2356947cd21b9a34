"""The Gaussian mixture prior."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import checks, distributions
from tfp_vae.distribution_layer import output_of_scale
from tfp_vae.priors.base import Prior
from tfp_vae.priors.gaussian_mixture import fitted_mixture
from tfp_vae.priors.normal import raw_scale_of_1, scale_floor_below_1


@keras.saving.register_keras_serializable(package="tfp_vae.priors")
class MixtureOfGaussians(Prior):
    """A mixture of normals with learned weights, means and scales: clusters of latents.

    The KL to it has no closed form: it is estimated from draws, as `vae.summary()` says.

    The components begin at random, where no data is. For clusters, `vae.cluster(x)`, let
    `callbacks.MixtureInitialization` set them to the latents of a model that has begun to learn.

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

    def initialize_from(self, z: npt.ArrayLike, seed: int = 0) -> None:
        """Sets the components to a Gaussian mixture that scikit-learn fits to latents.

        Args:
          z: Latents, `[N, latent_size]`, such as `vae.encode(x, seed=0)`.
          seed: An int; equal seeds and latents give equal components.

        Raises:
          ImportError: If scikit-learn is not installed.
          TypeError: If `z` holds no real numbers, or `seed` is no int.
          ValueError: If the prior is not built, `seed` is negative, or `z` has another shape,
            fewer rows than there are components, or values that are not finite.

        Example:
          >>> prior = priors.MixtureOfGaussians(components=2)
          >>> prior.build([1])
          >>> prior.initialize_from([[-1.0], [-1.1], [3.0], [3.2]])
          >>> means = prior.distribution().components_distribution.mean().numpy()
          >>> bool(np.allclose(np.sort(means[:, 0]), [-1.05, 3.1]))
          True
        """
        if not self.built:
            raise ValueError(
                "A MixtureOfGaussians must belong to a model before it is initialised: pass it to "
                "tfp_vae.VAE(..., prior=...)."
            )
        (latent_size,) = self.event_shape
        found = fitted_mixture(z, self.components, latent_size, seed, "MixtureOfGaussians")
        self.logits.assign(np.log(found.weights))
        self.loc.assign(found.means)
        self.raw_scale.assign(output_of_scale(found.stddevs, self.scale_floor))

    def adapt_to_latents(self, z: npt.ArrayLike, seed: int = 0) -> None:
        """Sets the components to those that scikit-learn fits: `initialize_from`."""
        self.initialize_from(z, seed)

    def set_standard_normal(self) -> None:
        """Sets every component to the standard normal, so that the mixture is one, too.

        Example:
          >>> prior = priors.MixtureOfGaussians(components=2)
          >>> prior.build([1])
          >>> prior.set_standard_normal()
          >>> float(prior.distribution().variance()[0]).__round__(3)
          1.0
        """
        self.logits.assign(tf.zeros_like(self.logits))
        self.loc.assign(tf.zeros_like(self.loc))
        ones = np.ones(self.raw_scale.shape)
        self.raw_scale.assign(output_of_scale(ones, self.scale_floor))

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
