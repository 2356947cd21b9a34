"""Layers that transform rows before the model: their call, and their errors."""

from typing import Any

import keras
import tensorflow as tf

from tfp_vae import checks, shapes
from tfp_vae.distribution_layer import DistributionLayer
from tfp_vae.model.coders import DistributionNetwork
from tfp_vae.priors import Prior


def check_gives_tensors(layer: Any, name: str, example: str) -> None:
    """Checks that a layer returns a tensor, not a distribution.

    Args:
      layer: The layer.
      name: The caller's name for `layer`.
      example: An example of a valid layer.

    Raises:
      TypeError: If it is no Keras layer, or returns a distribution.
    """
    checks.instance_of(layer, keras.layers.Layer, name, example)
    if isinstance(layer, (DistributionLayer, Prior, DistributionNetwork)):
        raise TypeError(
            f"`{name}` must be a layer that returns a tensor, such as {example}; got a "
            f"{type(layer).__name__}, which returns a distribution."
        )


def transformed(layer: keras.layers.Layer, name: str, x: tf.Tensor, **arguments: Any) -> tf.Tensor:
    """Returns the output of a layer for rows.

    Args:
      layer: The layer.
      name: The caller's name for `layer`.
      x: Rows, `[B, ...]`.
      **arguments: Further arguments of its call.

    Raises:
      TypeError: If the output is no tensor.
      ValueError: If the layer fails on them.
    """
    try:
        prepared = layer(x, **arguments)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"`{name}` must take rows of shape {shapes.written(*x.shape[1:])}; got a "
            f"{type(layer).__name__}, which failed on them with a {type(error).__name__}."
        ) from error
    if not (tf.is_tensor(prepared) or isinstance(prepared, keras.KerasTensor)):
        raise TypeError(
            f"`{name}` must be a layer that returns a tensor; got a {type(layer).__name__}, "
            f"which returns a {type(prepared).__name__}."
        )
    return prepared
