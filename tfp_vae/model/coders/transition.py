"""The transition between two layers of latents."""

from typing import Any

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import checks, shapes
from tfp_vae.model.coders.distribution_network import DistributionNetwork, revived
from tfp_vae.model.layer_arguments import latents
from tfp_vae.posteriors import Posterior


@keras.saving.register_keras_serializable(package="tfp_vae")
class Transition(DistributionNetwork):
    """From the latents of one layer to the distribution of those of an adjacent layer.

    In a `HierarchicalVAE` it is q(z₂|z₁) on the way up and p(z₁|z₂) on the way down.

    Args:
      trunk: A Keras layer or model, latents `[B, L]` in, features `[B, F]` out.
      posterior: The distribution layer after the trunk, such as
        `posteriors.MultivariateNormalDiag`.
      **kwargs: The usual arguments of a Keras layer.

    Call with:
      z: Latents, `[..., L]` with any number of leading axes, such as `[S, B]`.

    Returns:
      A `tfd.Distribution`, batch `[...]`, event `[posterior.latent_size]`.

    Raises:
      TypeError: If `trunk` is no Keras layer or `posterior` no posterior.
      ValueError: If the input has another shape or is non-finite; at the first use, if the trunk
        fails on it.

    Example:
      >>> transition = tfp_vae.Transition(networks.mlp([8]), posteriors.MultivariateNormalDiag(2))
      >>> transition(np.zeros([5, 3, 4])).batch_shape
      TensorShape([5, 3])
    """

    def __init__(self, trunk: keras.layers.Layer, posterior: Posterior, **kwargs: Any) -> None:
        super().__init__(trunk, **kwargs)
        self.posterior = checks.instance_of(
            posterior, Posterior, "posterior", "posteriors.MultivariateNormalDiag(latent_size=16)"
        )
        self.size_in: int | None = None

    def checked(self, values: Any) -> Any:
        """Returns latents as an array of finite numbers, `[..., L]`."""
        return latents(values, self.size_in, self)

    def build(self, input_shape: Any) -> None:
        """Builds trunk and posterior for latents `[..., L]`."""
        self.size_in = size = int(tuple(input_shape)[-1])
        self.input_spec = keras.layers.InputSpec(min_ndim=1, axes={-1: size})
        self.build_on((size,), self.posterior, "transition")

    def call(self, z: Any, training: bool | None = None) -> tfd.Distribution:
        """Returns the distribution of every row: batch `[...]`, event `[latent_size]`."""
        z = tf.cast(tf.convert_to_tensor(z), self.compute_dtype)
        flat, restore = shapes.flatten_leading(z, event_rank=1)
        return self.posterior(restore(self.trunk(flat, training=training)))

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Returns the shape of one draw per row of latents, `[..., latent_size]`."""
        return (*input_shape[:-1], *self.posterior.event_shape)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal transition."""
        return {
            **super().get_config(),
            "trunk": keras.saving.serialize_keras_object(self.trunk),
            "posterior": keras.saving.serialize_keras_object(self.posterior),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Transition":
        """Makes a transition from the result of `get_config`."""
        return cls(**revived(config, ("trunk", "posterior")))
