"""The prior of categorical latents and of continuous ones given them."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import checks, distributions, supports
from tfp_vae.priors.base import Prior
from tfp_vae.priors.categorical import Categorical
from tfp_vae.priors.conditional_normal import ConditionalNormal
from tfp_vae.priors.gaussian_mixture import fitted_mixture


@keras.saving.register_keras_serializable(package="tfp_vae.priors")
class CategoricalJoint(Prior):
    """The prior p(c) p(z|c), for the posterior of the same name.

    Args:
      categorical: p(c).
      continuous: p(z|c): a `ConditionalNormal`, whose features are then the one-hot vectors of c;
        or any other prior of real vectors, for z that does not depend on c. By default a
        `ConditionalNormal()`, a mean and a scale for every category.
      **kwargs: The usual arguments of a Keras layer.

    Raises:
      TypeError: If a part is not of its kind.
      ValueError: If `continuous` is a VampPrior, whose components are posteriors of data; when it
        is built, if there are not more latents than those of `categorical`.

    Example:
      >>> prior = priors.CategoricalJoint(priors.Categorical(3))
      >>> prior.build([5])
      >>> prior.distribution().sample(4, seed=0).shape
      TensorShape([4, 5])

    Source: Kingma et al. (2014), "Semi-supervised learning with deep generative models", equation
    2, where p(z) does not depend on c; Dilokthanakul et al. (2016), "Deep unsupervised clustering
    with Gaussian mixture variational autoencoders", for p(z|c).
    """

    def __init__(
        self, categorical: Categorical, continuous: Prior | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.categorical = checks.instance_of(
            categorical, Categorical, "categorical", "priors.Categorical(10)"
        )
        self.continuous = ConditionalNormal() if continuous is None else continuous
        checks.instance_of(self.continuous, Prior, "continuous", "priors.ConditionalNormal()")
        space = self.continuous.latent_space
        if space is None or isinstance(self.continuous, (Categorical, CategoricalJoint)):
            raise ValueError(
                "`continuous` must be a prior of continuous latents without an encoder; got a "
                f"{type(self.continuous).__name__}."
            )
        self.latent_space = supports.LatentSpace(
            f"{self.categorical.latent_space.description}, then {space.description}"
        )

    def build(self, event_shape: Sequence[int]) -> None:
        """Builds the parts for latents `[C + L]`."""
        width = self.categorical.latent_variables * self.categorical.categories
        (total,) = tuple(event_shape)
        self.latent_size = int(total) - width
        if self.latent_size < 1:
            raise ValueError(
                f"`prior` must have latents beside the {width} of its one-hot vectors; got event "
                f"shape {list(event_shape)}."
            )
        if not self.categorical.built:
            self.categorical.build((width,))
        if not self.continuous.built:
            self.continuous.take_features(width)
            self.continuous.build((self.latent_size,))
        super().build(event_shape)

    def distribution(self) -> distributions.CategoricalJoint:
        """Makes the prior: batch `[]`, event `[C + L]`."""
        return distributions.CategoricalJoint(
            self.categorical.distribution(), self._continuous, self.latent_size
        )

    def initialize_from(self, z: npt.ArrayLike, seed: int = 0) -> None:
        """Sets p(z|c), and p(c) if it is learned, to a mixture that scikit-learn fits to latents.

        Args:
          z: Latents without their categories, `[N, L]`.
          seed: An int; equal seeds and latents give equal components.

        Raises:
          ImportError: If scikit-learn is not installed.
          TypeError: If `z` holds no real numbers, or `seed` is no int.
          ValueError: If the prior is not built, has several categorical variables, or p(z|c) is no
            `ConditionalNormal`; if `seed` is negative; or if `z` has another shape, fewer rows than
            there are categories, or values that are not finite.

        Example:
          >>> prior = priors.CategoricalJoint(priors.Categorical(2))
          >>> prior.build([3])
          >>> prior.initialize_from([[-1.0], [-1.1], [3.0], [3.2]])
          >>> means = prior.distribution().continuous_fn(tf.eye(2)).mean().numpy()
          >>> bool(np.allclose(np.sort(means[:, 0]), [-1.05, 3.1]))
          True
        """
        layer = self.check_clusters()
        categories = self.categorical.categories
        found = fitted_mixture(z, categories, self.latent_size, seed, "CategoricalJoint")
        layer.set_moments(np.eye(categories), found.means, found.stddevs)
        if self.categorical.learned:
            self.categorical.logits.assign(np.log(found.weights)[None])

    def set_standard_normal(self) -> None:
        """Sets p(z|c) to the standard normal for every c, and their probabilities to equal ones.

        Example:
          >>> prior = priors.CategoricalJoint(priors.Categorical(2))
          >>> prior.build([3])
          >>> prior.set_standard_normal()
          >>> prior.distribution().continuous_fn(tf.eye(2)).mean().numpy().round(3).tolist()
          [[0.0], [0.0]]
        """
        categories = self.categorical.categories
        shape = [categories, self.latent_size]
        self.check_clusters().set_moments(np.eye(categories), np.zeros(shape), np.ones(shape))
        self.categorical.logits.assign(tf.zeros_like(self.categorical.logits))

    def check_clusters(self) -> ConditionalNormal:
        """Returns the layer of p(z|c) if its normals are clusters, one for each category.

        Raises:
          ValueError: If the prior is not built, there are several categorical variables, or p(z|c)
            is no `ConditionalNormal`.

        Example:
          >>> prior = priors.CategoricalJoint(priors.Categorical(2), priors.StandardNormal())
          >>> prior.build([3])
          >>> try:
          ...     prior.check_clusters()
          ... except ValueError as error:
          ...     print(str(error)[-36:])
          cluster; got 1 and a StandardNormal.
        """
        if not self.built:
            raise ValueError(
                "A CategoricalJoint must belong to a model before it is initialised: pass it to "
                "tfp_vae.VAE(..., prior=...)."
            )
        layer = self.continuous
        if not isinstance(layer, ConditionalNormal) or self.categorical.latent_variables != 1:
            raise ValueError(
                "`prior` must be a priors.CategoricalJoint of one categorical variable and a "
                "ConditionalNormal, a normal for each cluster; got "
                f"{self.categorical.latent_variables} and a {type(layer).__name__}."
            )
        return layer

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        return {
            **super().get_config(),
            "categorical": keras.saving.serialize_keras_object(self.categorical),
            "continuous": keras.saving.serialize_keras_object(self.continuous),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "CategoricalJoint":
        """Makes a prior of what `get_config` returned."""
        parts = {
            name: keras.saving.deserialize_keras_object(config[name])
            for name in ("categorical", "continuous")
            if isinstance(config.get(name), dict)
        }
        return cls(**{**config, **parts})

    def get_build_config(self) -> None:
        """Returns nothing: the model builds this layer."""

    def _continuous(self, c: tf.Tensor) -> tfd.Distribution:
        """Returns p(z|c) for one-hot vectors `[..., C]`."""
        layer: Any = self.continuous
        return layer.distribution(c) if layer.conditional else layer.distribution()
