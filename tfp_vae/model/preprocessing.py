"""What a preprocess layer makes of rows, and what is said where it makes nothing of them."""

from typing import Any

import keras
import tensorflow as tf

from tfp_vae import shapes


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
