"""What a preprocess layer makes of rows, and what is said where it makes nothing of them."""

from typing import Any

import keras
import tensorflow as tf

from tfp_vae import checks, shapes
from tfp_vae.distribution_layer import DistributionLayer
from tfp_vae.model.coders import DistributionNetwork
from tfp_vae.priors import Prior


def check_gives_tensors(layer: Any, name: str, example: str) -> None:
    """Checks that a layer is not one of ours, whose outputs are distributions.

    Args:
      layer: Whatever came.
      name: What the caller calls it.
      example: What was meant.

    Raises:
      TypeError: If it is one of these, or no layer at all.
    """
    checks.instance_of(layer, keras.layers.Layer, name, example)
    if isinstance(layer, (DistributionLayer, Prior, DistributionNetwork)):
        raise TypeError(
            f"`{name}` must be a layer that gives a tensor, such as {example}; got a "
            f"{type(layer).__name__}, which gives a distribution."
        )


def preprocessed(layer: keras.layers.Layer, x: tf.Tensor, **arguments: Any) -> tf.Tensor:
    """Returns what the layer makes of rows `x`, called with the further arguments.

    Raises:
      TypeError: If that is no tensor.
      ValueError: If the layer fails on them.
    """
    try:
        prepared = layer(x, **arguments)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"`preprocess` must take rows of shape {shapes.written(*x.shape[1:])}; got a "
            f"{type(layer).__name__}, which failed on them with a {type(error).__name__}."
        ) from error
    if not (tf.is_tensor(prepared) or isinstance(prepared, keras.KerasTensor)):
        raise TypeError(
            f"`preprocess` must be a layer that gives a tensor; got a {type(layer).__name__}, "
            f"which gives a {type(prepared).__name__}."
        )
    return prepared
