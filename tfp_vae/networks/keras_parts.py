"""Activations and initializers of Keras, by name or as they are."""

from typing import Any

import keras
import tensorflow as tf

from tfp_vae.error_text import described

_TRIAL_SHAPE = (2, 3)


def activation(value: Any, name: str = "activation") -> Any:
    """Returns `value` if it is an activation that Keras knows, a function, or None.

    Raises:
      TypeError: If it is no text, function or None.
      ValueError: If Keras knows none of that name, or the function gives something else than a
        tensor of the shape of its input.
    """
    if not (value is None or isinstance(value, (str, dict)) or callable(value)):
        raise TypeError(
            f"`{name}` must be a Keras activation, such as 'relu'; got {described(value)}."
        )
    try:
        function = keras.activations.get(value)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"`{name}` must be a Keras activation, such as 'relu'; got {described(value)}."
        ) from error
    if not (value is None or isinstance(value, str) or _keeps_shape(function)):
        raise ValueError(
            f"`{name}` must be a function from a tensor to one of the same shape; got "
            f"{described(value)}, which is none on shape {list(_TRIAL_SHAPE)}."
        )
    return value


def _keeps_shape(function: Any) -> bool:
    try:
        if isinstance(function, keras.layers.Layer):
            # A copy of it, as a layer with weights of its own is built by what it first sees.
            function = type(function).from_config(function.get_config())
        given = function(tf.zeros(_TRIAL_SHAPE))
        return tf.is_tensor(given) and given.shape == _TRIAL_SHAPE
    except Exception:
        # What a function makes of a tensor that is not for one is its own affair.
        return False


def initializer(value: Any, name: str) -> Any:
    """Returns the Keras initializer that `value` is or names.

    Raises:
      TypeError: If it is no text, initializer or function.
      ValueError: If Keras knows none of that name.
    """
    wanted = f"`{name}` must be a Keras initializer, such as 'zeros'"
    if not (isinstance(value, (str, dict)) or callable(value)):
        raise TypeError(f"{wanted}; got {described(value)}.")
    try:
        return keras.initializers.get(value)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{wanted}; got {described(value)}.") from error
