"""Checks of arguments that Keras defines: activations, initializers and regularizers."""

import math
from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

import keras
import tensorflow as tf

from tfp_vae.error_text import described

Activation: TypeAlias = str | dict[str, Any] | Callable[[tf.Tensor], tf.Tensor] | None
"""The name of a Keras activation, its config, a function from a tensor to one of its shape, or
None."""

Initializer: TypeAlias = str | dict[str, Any] | Callable[..., tf.Tensor]
"""The name of a Keras initializer, its config, or an initializer."""

Regularizer: TypeAlias = str | dict[str, Any] | Callable[[tf.Tensor], tf.Tensor] | None
"""The name of a Keras regularizer, its config, a function from a tensor to a number, or None."""

_Activation = TypeVar("_Activation", bound=Activation)

_TRIAL_SHAPE = (2, 3)


def activation(value: _Activation, name: str = "activation") -> _Activation:
    """Returns `value` if it is an activation that Keras knows, a function, or None.

    Raises:
      TypeError: If it is not a string, function or None.
      ValueError: If Keras has none of that name, or the function does not return a tensor of the
        shape of its input.
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


def _keeps_shape(function: Callable[[tf.Tensor], tf.Tensor]) -> bool:
    try:
        if isinstance(function, keras.layers.Layer):
            # A copy of it, as the first input of a layer with weights builds it.
            function = type(function).from_config(function.get_config())
        outputs = function(tf.zeros(_TRIAL_SHAPE))
        return bool(tf.is_tensor(outputs) and outputs.shape == _TRIAL_SHAPE)
    except Exception:
        # A function that is no activation may raise anything.
        return False


def initializer(value: Initializer, name: str) -> keras.initializers.Initializer:
    """Returns the Keras initializer that `value` is or names.

    Raises:
      TypeError: If it is not a string, initializer or function.
      ValueError: If Keras has none of that name.
    """
    expected = f"`{name}` must be a Keras initializer, such as 'zeros'"
    if not (isinstance(value, (str, dict)) or callable(value)):
        raise TypeError(f"{expected}; got {described(value)}.")
    try:
        return keras.initializers.get(value)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{expected}; got {described(value)}.") from error


def regularizer(value: Regularizer, name: str) -> keras.regularizers.Regularizer | None:
    """Returns the Keras regularizer that `value` is or names, or None.

    Raises:
      TypeError: If it is not a string, regularizer, function or None.
      ValueError: If Keras has none of that name, or the function returns no number for a tensor.
    """
    expected = f"`{name}` must be a Keras regularizer, such as keras.regularizers.L2(1e-4), or None"
    if not (value is None or isinstance(value, (str, dict)) or callable(value)):
        raise TypeError(f"{expected}; got {described(value)}.")
    try:
        found = keras.regularizers.get(value)
        paid = 0.0 if found is None else float(found(tf.ones(_TRIAL_SHAPE)))
    except Exception as error:
        # A function that is no regularizer may raise anything.
        raise ValueError(f"{expected}; got {described(value)}.") from error
    if not math.isfinite(paid):
        raise ValueError(f"{expected}; got {described(value)}, which is {paid} for ones.")
    return found
