"""The posterior of categorical latents and of continuous ones given them."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import checks, distributions, shapes, supports
from tfp_vae.posteriors.base import Posterior
from tfp_vae.posteriors.categorical import Categorical


@keras.saving.register_keras_serializable(package="tfp_vae.posteriors")
class CategoricalJoint(Posterior):
    """Categorical latents c and continuous ones z: q(c, z|x) = q(c|x) q(z|x, c).

    The objective sums over c, and draws z for every c; the KL is exact if that of q(z|x, c) is. A
    latent is the one-hot vectors of c, then z. The prior is `priors.CategoricalJoint`. With one
    categorical variable it is the model M2 of Kingma et al. (2014), "Semi-supervised learning with
    deep generative models", without labels, and with a prior p(z|c) a model of clusters:
    `vae.cluster(x)` returns q(c|x).

    Args:
      categorical: q(c|x).
      continuous: q(z|x, c), any posterior of real vectors.
      trunk: A Keras layer or model, the encoder's features beside c, `[B, F + C]`, in, features
        `[B, G]` out, such as `networks.mlp([64])`; None for heads of q(z|x, c) that are linear in
        both.
      **kwargs: The usual arguments of a Keras layer.

    Call with:
      features: A tensor `[B, F]`.

    Returns:
      A `distributions.CategoricalJoint`, batch `[B]`, event `[latent_size]`, where `latent_size`
      counts the one-hot vectors, too.

    Raises:
      TypeError: If a part is not of its kind.
      ValueError: If `continuous` is itself made of categories, there are too many categories to
        sum over, or the trunk fails on its input.

    Example:
      >>> layer = posteriors.CategoricalJoint(
      ...     posteriors.Categorical(3), posteriors.MultivariateNormalDiag(2))
      >>> q = layer(np.ones([5, 8]))
      >>> q.sample(seed=0).shape, q.categorical.mean().shape
      (TensorShape([5, 5]), TensorShape([5, 3]))
    """

    parameter_names = ()
    summed = True

    def __init__(
        self,
        categorical: Categorical,
        continuous: Posterior,
        trunk: keras.layers.Layer | None = None,
        **kwargs: Any,
    ) -> None:
        example = "posteriors.Categorical(10)"
        checks.instance_of(categorical, Categorical, "categorical", example)
        example = "posteriors.MultivariateNormalDiag(5)"
        checks.instance_of(continuous, Posterior, "continuous", example)
        if isinstance(continuous, (Categorical, CategoricalJoint)):
            raise ValueError(
                "`continuous` must be a posterior of continuous latents; got a "
                f"{type(continuous).__name__}: give Categorical several `latent_variables`."
            )
        if not categorical.summed:
            raise ValueError(
                "`categorical` must have at most 10,000 combinations of categories, which are "
                f"summed over; got {categorical.categories} ** {categorical.latent_variables}."
            )
        if trunk is not None:
            checks.instance_of(trunk, keras.layers.Layer, "trunk", "networks.mlp([64])")
        super().__init__(categorical.latent_size + continuous.latent_size, **kwargs)
        self.categorical, self.continuous, self.trunk = categorical, continuous, trunk
        self.latent_space = supports.LatentSpace(
            f"{categorical.latent_space.description}, then {continuous.latent_space.description}"
        )

    def build(self, features_shape: Sequence[int | None]) -> None:
        """Builds the parts for features `[batch, F]`."""
        sizes = tuple(features_shape)[1:]
        if len(sizes) != 1 or sizes[0] is None:
            raise ValueError(
                f"The network before {type(self).__name__} must give features [batch, F]; got "
                f"shape {list(features_shape)}: end it with keras.layers.Flatten()."
            )
        self.features_rank = 1
        if not self.categorical.built:
            self.categorical.build((None, *sizes))
        width = sizes[0] + self.categorical.latent_size
        if self.trunk is not None:
            try:
                seen = keras.KerasTensor((None, width), dtype=self.compute_dtype)
                width = self.trunk(seen).shape[-1]
            except (ValueError, TypeError, tf.errors.InvalidArgumentError) as error:
                raise ValueError(
                    f"`trunk` must take the encoder's features beside the one-hot vectors, [batch, "
                    f"{width}]; got a {type(self.trunk).__name__}, which failed on them with a "
                    f"{type(error).__name__}."
                ) from error
        if not self.continuous.built:
            self.continuous.build((None, width))
        self.built = True

    def distribution(self) -> tfd.Distribution:
        """Raises: its parts make the distribution."""
        raise NotImplementedError("The parts of a CategoricalJoint make its distribution.")

    def call(
        self,
        features: tf.Tensor,
        *,
        added: Mapping[str, tf.Tensor] | None = None,
        training: bool | None = None,
    ) -> distributions.CategoricalJoint:
        """Makes q(c|x), and the function that makes q(z|x, c)."""
        del added

        def continuous_fn(c: tf.Tensor) -> tfd.Distribution:
            shape = tf.concat([tf.shape(c)[:-1], tf.shape(features)[-1:]], axis=0)
            beside = tf.broadcast_to(features, shape)
            seen = tf.concat([beside, tf.cast(c, features.dtype)], axis=-1)
            seen = tf.ensure_shape(seen, [*c.shape[:-1], features.shape[-1] + c.shape[-1]])
            if self.trunk is not None:
                flat, restore = shapes.flatten_leading(seen, 1)
                seen = restore(self.trunk(flat, training=training))
            return self.continuous(seen)

        return distributions.CategoricalJoint(
            self.categorical(features), continuous_fn, self.continuous.latent_size
        )

    def point(self, distribution: distributions.CategoricalJoint) -> tf.Tensor:
        """Returns the most probable c, then the mean of q(z|x, c) there, `[B, latent_size]`."""
        c = distribution.categorical.mode()
        return distribution.joined([c, distribution.continuous_fn(c).mean()])

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        config = super().get_config()
        del config["latent_size"]
        parts = {name: getattr(self, name) for name in ("categorical", "continuous", "trunk")}
        return {
            **config,
            **{
                name: None if part is None else keras.saving.serialize_keras_object(part)
                for name, part in parts.items()
            },
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "CategoricalJoint":
        """Makes a posterior of what `get_config` returned."""
        parts = {
            name: keras.saving.deserialize_keras_object(config[name])
            for name in ("categorical", "continuous", "trunk")
            if isinstance(config.get(name), dict)
        }
        return cls(**{**config, **parts})
