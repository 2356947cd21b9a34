"""Normal latents at the places of an image."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tfp_vae import checks, distributions, shapes
from tfp_vae.posteriors.base import Posterior


@keras.saving.register_keras_serializable(package="tfp_vae.posteriors")
class SpatialNormal(Posterior):
    """Independent normal latents `[height, width, channels]`, whose network is convolutional.

    The parameters of a place are computed from the features of that place alone, by the same
    weights everywhere, as in the deep hierarchies of Child (2021), "Very deep VAEs generalize
    autoregressive models and can outperform them on images". Priors, objectives and estimates see
    the latents as a vector of height · width · channels numbers; a network that takes them begins
    with `keras.layers.Reshape(latent_shape)`, as `networks.residual_transpose` does.

    Args:
      latent_shape: Height, width and channels of the latents.
      scale_floor: A constant added to every scale, so that none is zero, in units of the latents.
      **kwargs: The usual arguments of a Keras layer.

    Call with:
      features: A tensor `[B, height, width, C]`, or `[B, F]`.

    Returns:
      A `tfd.MultivariateNormalDiag`, batch `[B]`, event `[height * width * channels]`.

    Raises:
      TypeError: If `latent_shape` is not a list of ints, or `scale_floor` no number.
      ValueError: If there are not three sizes, one is not positive, or `scale_floor` is negative;
        when it is built, if the features have another height or width.

    Example:
      >>> layer = posteriors.SpatialNormal([4, 4, 2])
      >>> layer(np.zeros([3, 4, 4, 8])).event_shape, layer.latent_shape
      (TensorShape([32]), (4, 4, 2))
    """

    parameter_names = ("loc", "scale")

    def __init__(
        self, latent_shape: Sequence[int], scale_floor: float = 1e-6, **kwargs: Any
    ) -> None:
        self.latent_shape = shapes.as_shape(latent_shape, "latent_shape")
        if len(self.latent_shape) != 3:
            raise ValueError(
                f"`latent_shape` must be [height, width, channels]; got {list(self.latent_shape)}."
            )
        super().__init__(shapes.size_of(self.latent_shape), **kwargs)
        self.scale_floor = checks.finite_number(scale_floor, "scale_floor", minimum=0.0)

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Returns the shape of the latents for both parameters."""
        return dict.fromkeys(self.parameter_names, self.latent_shape)

    def distribution(
        self, loc: tf.Tensor, scale: tf.Tensor
    ) -> distributions.MultivariateNormalDiag:
        """Makes the normal distribution of `loc` and the unconstrained `scale`, `[B, h, w, c]`."""
        return distributions.MultivariateNormalDiag(
            loc=self._flat(loc), scale_diag=tf.math.softplus(self._flat(scale)) + self.scale_floor
        )

    def _flat(self, parameter: tf.Tensor) -> tf.Tensor:
        leading = tf.shape(parameter)[:-3]
        flat = tf.reshape(parameter, tf.concat([leading, [self.latent_size]], axis=0))
        flat.set_shape(parameter.shape[:-3].concatenate([self.latent_size]))
        return flat

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        config = super().get_config()
        del config["latent_size"]
        return {
            **config,
            "latent_shape": list(self.latent_shape),
            "scale_floor": self.scale_floor,
        }
