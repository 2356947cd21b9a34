"""The prior that is a flow of affine coupling layers."""

from typing import Any

import keras
import tensorflow as tf
from tensorflow_probability import bijectors as tfb

from tfp_vae import distributions, shapes
from tfp_vae.priors.flow import FlowPrior


@keras.saving.register_keras_serializable(package="tfp_vae.priors")
class RealNVP(FlowPrior):
    """Standard normal noise, of which each half is shifted and scaled by functions of the other.

    Dinh et al. (2017), "Density estimation using Real NVP", equations 4 to 8. The halves take turns
    from step to step. Densities and draws both take one evaluation of each network. At first the
    flow is the identity, and so the prior the standard normal.

    No exact KL to it is known; it is estimated from the posterior's draws, as `vae.summary()` says.

    Args:
      steps: The number of coupling layers, each with a network of its own; with one alone, half
        of the latents stay standard normal.
      units: The width of each hidden layer of a network.
      activation: A Keras activation.
      **kwargs: The usual arguments of a Keras layer.

    Raises:
      TypeError: If `steps` is no int, `units` no list of ints.
      ValueError: If a number is not positive, or the activation unknown; when it is built, if
        there is one latent alone, which has no other half.

    Example:
      >>> prior = priors.RealNVP(steps=2, units=[16])
      >>> prior.build([3])
      >>> prior.distribution().log_prob(np.zeros([5, 3])).shape
      TensorShape([5])
    """

    def build(self, event_shape: Any) -> None:
        """Makes the network of every step.

        Raises:
          ValueError: If there is one latent alone.
        """
        (latent_size,) = tuple(event_shape)
        if latent_size < 2:
            raise ValueError(
                "`prior` must be another one than RealNVP for a single latent, as it moves each "
                "half of the latents by the other: take priors.MaskedAutoregressiveFlow."
            )
        half = latent_size // 2
        # How many latents stay: the first, or the last, which a negative number says.
        self.masked = [
            half if index % 2 == 0 else half - latent_size for index in range(self.steps)
        ]
        self.networks = [
            self._network(abs(masked), latent_size - abs(masked), f"step_{index}")
            for index, masked in enumerate(self.masked)
        ]
        super().build(event_shape)

    def bijectors(self) -> list[tfb.Bijector]:
        """Makes the steps, from the noise to the latents."""
        return [
            distributions.affine_coupling(_of_any_rank(network), masked)
            for network, masked in zip(self.networks, self.masked, strict=True)
        ]

    def _network(self, stay: int, move: int, name: str) -> keras.Sequential:
        dtype = self.variable_dtype
        hidden = [keras.layers.Dense(width, self.activation, dtype=dtype) for width in self.units]
        last = keras.layers.Dense(2 * move, kernel_initializer="zeros", dtype=dtype)
        reshape = keras.layers.Reshape([move, 2], dtype=dtype)
        network = keras.Sequential([*hidden, last, reshape], name=name)
        network.build((None, stay))
        return network


def _of_any_rank(network: keras.Sequential) -> distributions.ParameterFn:
    """Returns the network for latents with any leading axes: once built, a Sequential takes one."""

    def parameters(latents: tf.Tensor) -> tf.Tensor:
        flat, restore = shapes.flatten_leading(latents, event_rank=1)
        return restore(network(flat))

    return parameters
