"""A normal prior whose mean and scale depend on a condition."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from tfp_vae import checks, distributions, shapes
from tfp_vae.distribution_layer import output_of_scale
from tfp_vae.priors.base import Prior
from tfp_vae.priors.normal import raw_scale_of_1, scale_floor_below_1


@keras.saving.register_keras_serializable(package="tfp_vae.priors")
class ConditionalNormal(Prior):
    """Independent normal latents whose means and scales a network computes from y: p(z|y).

    It is for a model with a `condition`, whose features `[B, C]` the network sees. It begins as the
    standard normal, whatever y is.

    Args:
      trunk: A Keras layer or model, features `[B, C]` in, features `[B, F]` out, such as
        `networks.mlp([32])`; None for a linear function of the condition's features.
      scale_floor: A constant added to every scale, in units of the latents.
      **kwargs: The usual arguments of a Keras layer.

    Raises:
      TypeError: If `trunk` is no Keras layer, or `scale_floor` not a number.
      ValueError: If `scale_floor` is negative, or 1 or more.

    Example:
      >>> vae = tfp_vae.VAE(
      ...     tfp_vae.Encoder(networks.mlp([8]), posteriors.MultivariateNormalDiag(2)),
      ...     tfp_vae.Decoder(networks.mlp([8]), likelihoods.Bernoulli([4])),
      ...     prior=priors.ConditionalNormal(networks.mlp([8])),
      ...     condition=keras.layers.CategoryEncoding(3, output_mode="one_hot"),
      ... )
      >>> vae.prior([0, 2]).batch_shape
      TensorShape([2])

    Source: Sohn et al. (2015), "Learning structured output representation using deep conditional
    generative models", where it is p_θ(z|x).
    """

    def __init__(
        self, trunk: keras.layers.Layer | None = None, scale_floor: float = 1e-3, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if trunk is not None:
            checks.instance_of(trunk, keras.layers.Layer, "trunk", "networks.mlp([32])")
        self.trunk = trunk
        self.scale_floor = scale_floor_below_1(scale_floor)
        self._width: int | None = None

    @property
    def conditional(self) -> bool:
        """Whether it depends on a condition: it does."""
        return True

    def take_features(self, width: int) -> None:
        """Receives the number of features of the condition from the model, before `build`."""
        self._width = width

    def build(self, event_shape: Sequence[int]) -> None:
        """Creates the weights of the heads, `[F, latent_size]` and `[latent_size]` each."""
        if self._width is None:
            raise ValueError(
                "A ConditionalNormal must belong to a model with a condition before it is used: "
                "pass it to tfp_vae.VAE(..., prior=..., condition=...)."
            )
        width = self._width
        if self.trunk is not None:
            try:
                features = self.trunk(keras.KerasTensor((None, width), dtype=self.compute_dtype))
            except (ValueError, TypeError, tf.errors.InvalidArgumentError) as error:
                raise ValueError(
                    f"`trunk` must take the features of the condition, [batch, {width}]; got a "
                    f"{type(self.trunk).__name__}, which failed on them with a "
                    f"{type(error).__name__}."
                ) from error
            width = int(features.shape[-1])
        size = int(event_shape[0])
        self.loc_head = self._head("loc", size, "zeros")
        self.raw_scale_head = self._head("raw_scale", size, raw_scale_of_1(self.scale_floor))
        for head in (self.loc_head, self.raw_scale_head):
            head.build((None, width))
        super().build(event_shape)

    def distribution(
        self, features: tf.Tensor | None = None
    ) -> distributions.MultivariateNormalDiag:
        """Makes the prior of every row: batch `[B]`, event `[latent_size]`.

        Args:
          features: The features of the condition, `[B, C]`, or with more leading axes.

        Raises:
          ValueError: If there are none.
        """
        if features is None:
            raise ValueError(
                "`condition` must be given, since the prior depends on it; got None: "
                "vae.prior(condition)."
            )
        seen = tf.cast(features, self.compute_dtype)
        if self.trunk is not None:
            flat, restore = shapes.flatten_leading(seen, event_rank=1)
            seen = restore(self.trunk(flat))
        raw_scale = tf.cast(self.raw_scale_head(seen), self.variable_dtype)
        return distributions.MultivariateNormalDiag(
            loc=tf.cast(self.loc_head(seen), self.variable_dtype),
            scale_diag=tf.math.softplus(raw_scale) + self.scale_floor,
        )

    def set_moments(
        self, features: npt.ArrayLike, loc: npt.ArrayLike, scale: npt.ArrayLike
    ) -> None:
        """Sets the last layers so that p(z|y) has given means and scales for given features.

        They are met exactly where the trunk tells the rows of features apart, as the linear
        function does with one-hot vectors; otherwise as well as by least squares.

        Args:
          features: Features of a condition, `[N, C]`.
          loc: The means, `[N, latent_size]`.
          scale: The standard deviations, `[N, latent_size]`, above `scale_floor`.

        Example:
          >>> prior = priors.ConditionalNormal()
          >>> prior.take_features(2)
          >>> prior.build([1])
          >>> prior.set_moments(np.eye(2), [[3.0], [-1.0]], [[0.5], [2.0]])
          >>> prior.distribution(np.eye(2)).stddev().numpy()[:, 0].round(3)
          array([0.5, 2. ], dtype=float32)
        """
        seen = tf.cast(features, self.compute_dtype)
        if self.trunk is not None:
            seen = self.trunk(seen)
        rows = np.asarray(seen, np.float64)
        rows = np.concatenate([rows, np.ones([len(rows), 1])], axis=1)
        outputs = np.asarray(loc), output_of_scale(np.asarray(scale), self.scale_floor)
        for head, output in zip((self.loc_head, self.raw_scale_head), outputs, strict=True):
            found = np.linalg.lstsq(rows, output, rcond=None)[0]
            head.kernel.assign(found[:-1])
            head.bias.assign(found[-1])

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        trunk = None if self.trunk is None else keras.saving.serialize_keras_object(self.trunk)
        return {**super().get_config(), "trunk": trunk, "scale_floor": self.scale_floor}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "ConditionalNormal":
        """Makes a prior from the result of `get_config`."""
        trunk = config.get("trunk")
        if trunk is not None:
            trunk = keras.saving.deserialize_keras_object(trunk)
        return cls(**{**config, "trunk": trunk})

    def get_build_config(self) -> None:
        """Returns nothing: the model builds this layer after it has set the features."""

    def _head(
        self, name: str, size: int, bias: str | keras.initializers.Initializer
    ) -> keras.layers.Dense:
        return keras.layers.Dense(
            size,
            kernel_initializer="zeros",
            bias_initializer=bias,
            name=name,
            dtype=self.dtype_policy,
        )
