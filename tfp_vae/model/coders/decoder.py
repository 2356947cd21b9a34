"""The decoder: from latents to p(x|z)."""

from typing import Any

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae import checks, shapes
from tfp_vae.likelihoods import Known, Likelihood
from tfp_vae.model.coders.distribution_network import DistributionNetwork, revived
from tfp_vae.model.layer_arguments import latents


@keras.saving.register_keras_serializable(package="tfp_vae")
class Decoder(DistributionNetwork):
    """The decoder: from latents to the likelihood p(x|z).

    Args:
      trunk: A Keras layer or model, latents `[B, latent_size]` in, features out: `[B, F]`, or for
        images `[B, height, width, C]`.
      likelihood: The distribution layer after the trunk, such as `likelihoods.Bernoulli`.
      **kwargs: The usual arguments of a Keras layer.

    Call with:
      z: Latents, `[..., latent_size]` with any number of leading axes, such as `[S, B]`.

    Returns:
      The likelihood, a `tfd.Independent`, batch `[...]`, event `likelihood.event_shape`.

    Raises:
      TypeError: If `trunk` is no Keras layer or `likelihood` no likelihood.
      ValueError: If `z` has another latent size or is non-finite; at the first use, if the trunk's
        features cannot make the event.

    Example:
      >>> decoder = tfp_vae.Decoder(networks.mlp([8]), likelihoods.Bernoulli(event_shape=[4]))
      >>> decoder(np.zeros([5, 3, 2])).batch_shape
      TensorShape([5, 3])
    """

    def __init__(self, trunk: keras.layers.Layer, likelihood: Likelihood, **kwargs: Any) -> None:
        super().__init__(trunk, **kwargs)
        self.likelihood = checks.instance_of(
            likelihood, Likelihood, "likelihood", "likelihoods.Bernoulli(event_shape=[784])"
        )
        self.latent_size: int | None = None

    def checked(self, values: Any) -> Any:
        """Returns latents as an array of finite numbers, `[..., latent_size]`."""
        return latents(values, self.latent_size, self)

    def build(self, input_shape: Any) -> None:
        """Builds trunk and likelihood for latents `[..., latent_size]`."""
        latent_size = tuple(input_shape)[-1]
        if latent_size is None:
            raise ValueError(
                "`z` must have a known last axis, the latent size; got an unknown one."
            )
        self.latent_size = int(latent_size)
        self.input_spec = keras.layers.InputSpec(min_ndim=2, axes={-1: self.latent_size})
        if self.linear_path is not None:
            self.linear_path.build((None, self.latent_size))
        self.build_on((self.latent_size,), self.likelihood, "decoder")

    def call(
        self, z: Any, training: bool | None = None, known: Known | None = None
    ) -> tfd.Distribution:
        """Returns the likelihood of every row of latents: batch `[...]`, event `[*event]`.

        Args:
          z: Latents, with the features of a condition beside them, `[..., B, latent_size]`.
          training: Whether the trunk runs as in training.
          known: What the likelihood is given of the rows beside z, batch `[B]`; None if nothing.
        """
        z = tf.convert_to_tensor(z)
        flat, restore = shapes.flatten_leading(tf.cast(z, self.compute_dtype), event_rank=1)
        features = restore(self.trunk(flat, training=training))
        given: dict[str, Any] = {}
        if self.linear_path is not None:
            given["added"] = self.linear_path(z)
        if known is not None:
            given["known"] = known
        width = self.likelihood.condition_width
        if self.likelihood.conditional and width:
            given["condition"] = z[..., -width:]
        return self.likelihood(features, **given)

    def mean_of(self, distribution: tfd.Distribution) -> tf.Tensor:
        """Returns the mean of the likelihood of every row, or the most probable class codes.

        Args:
          distribution: What this layer returned, batch `[B]`.

        Example:
          >>> vae.decoder.mean_of(vae.decoder(np.zeros([5, 2]))).shape
          TensorShape([5, 3])
        """
        return self.likelihood.prediction(distribution)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Returns the shape of one draw per row of latents, `[..., *event]`."""
        return (*input_shape[:-1], *self.likelihood.event_shape)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal decoder."""
        return {
            **super().get_config(),
            "trunk": keras.saving.serialize_keras_object(self.trunk),
            "likelihood": keras.saving.serialize_keras_object(self.likelihood),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Decoder":
        """Makes a decoder from the result of `get_config`."""
        return cls(**revived(config, ("trunk", "likelihood")))
