"""Activations and initializers of Keras, by name or as they are."""

from typing import Any

import keras

from tfp_vae import checks


def activation(value: Any, name: str = "activation") -> Any:
    """Returns `value` if it is an activation that Keras knows, a function, or None.

    Raises:
      TypeError: If it is no text, function or None.
      ValueError: If Keras knows none of that name.
    """
    if not (value is None or isinstance(value, (str, dict)) or callable(value)):
        raise TypeError(
            f"`{name}` must be a Keras activation, such as 'relu'; got {checks.shown(value)}."
        )
    try:
        keras.activations.get(value)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"`{name}` must be a Keras activation, such as 'relu'; got {checks.shown(value)}."
        ) from error
    return value


def initializer(value: Any, name: str) -> Any:
    """Returns the Keras initializer that `value` is or names.

    Raises:
      TypeError: If it is no text, initializer or function.
      ValueError: If Keras knows none of that name.
    """
    wanted = f"`{name}` must be a Keras initializer, such as 'zeros'"
    if not (isinstance(value, (str, dict)) or callable(value)):
        raise TypeError(f"{wanted}; got {checks.shown(value)}.")
    try:
        return keras.initializers.get(value)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{wanted}; got {checks.shown(value)}.") from error
