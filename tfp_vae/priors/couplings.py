"""What flows of couplings share: which latents stay in each, and the network of the others."""

from collections.abc import Sequence

import keras
import tensorflow as tf

from tfp_vae import distributions, keras_arguments, shapes


def unchanged(latent_size: int, steps: int, name: str) -> list[int]:
    """Returns the number of unchanged latents of every coupling: the first, or, if negative, last.

    Args:
      latent_size: L.
      steps: The number of couplings, between which the halves alternate.
      name: The name of the prior, for the error.

    Raises:
      ValueError: If there is only one latent.
    """
    if latent_size < 2:
        raise ValueError(
            f"`prior` must not be a {name} for a single latent, since each half of the latents "
            "transforms the other: use priors.MaskedAutoregressiveFlow."
        )
    half = latent_size // 2
    return [half if index % 2 == 0 else half - latent_size for index in range(steps)]


def network(
    stay: int,
    move: int,
    parameters: int,
    units: Sequence[int],
    activation: keras_arguments.Activation,
    dtype: str,
    name: str,
) -> keras.Sequential:
    """Returns a network from the unchanged latents to parameters of the others, at first zero.

    Args:
      stay: The number of unchanged latents.
      move: The number of the others.
      parameters: The number of parameters of each of them.
      units: The width of each hidden layer.
      activation: A Keras activation.
      dtype: The dtype of all layers.
      name: The name of the network.
    """
    hidden = [keras.layers.Dense(width, activation, dtype=dtype) for width in units]
    last = keras.layers.Dense(parameters * move, kernel_initializer="zeros", dtype=dtype)
    reshape = keras.layers.Reshape([move, parameters], dtype=dtype)
    made = keras.Sequential([*hidden, last, reshape], name=name)
    made.build((None, stay))
    return made


def of_any_rank(network: keras.Sequential) -> distributions.ParameterFn:
    """Returns the network for any number of leading axes: a built Sequential takes exactly one."""

    def parameters(latents: tf.Tensor) -> tf.Tensor:
        flat, restore = shapes.flatten_leading(latents, event_rank=1)
        return restore(network(flat))

    return parameters
