"""The state of callbacks, as a checkpoint saves it.

A custom callback names the attributes that hold its state in a class attribute `state_names`. Their
values may be numbers, strings, None, arrays, and lists of these.
"""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

_STATE_NAMES: dict[type[keras.callbacks.Callback], tuple[str, ...]] = {
    keras.callbacks.EarlyStopping: ("wait", "stopped_epoch", "best", "best_weights", "best_epoch"),
    keras.callbacks.ReduceLROnPlateau: ("wait", "cooldown_counter", "best"),
    keras.callbacks.ModelCheckpoint: ("best",),
}
_ARRAY = "array"


def state_names(callback: keras.callbacks.Callback) -> tuple[str, ...]:
    """Returns the names of the attributes that hold the state of a callback; most have none."""
    names = tuple(getattr(callback, "state_names", ()))
    for kind, of_keras in _STATE_NAMES.items():
        names += of_keras if isinstance(callback, kind) else ()
    return names


def with_state(callbacks: Sequence[keras.callbacks.Callback]) -> list[keras.callbacks.Callback]:
    """Returns the callbacks that have state."""
    return [callback for callback in callbacks if state_names(callback)]


def choose_direction(callback: keras.callbacks.Callback) -> None:
    """Lets early stopping choose whether less or more is better before its state is read or set.

    It chooses at the end of its first epoch, where Keras before 3.7 forgets the best value.
    """
    if isinstance(callback, keras.callbacks.EarlyStopping) and callback.monitor_op is None:
        callback._set_monitor_op()


def packed(callback: keras.callbacks.Callback, arrays: list[np.ndarray]) -> dict[str, Any]:
    """Returns the state of a callback as JSON can hold it.

    Args:
      callback: The callback.
      arrays: The list to which the arrays of the state are appended; the state refers to them by
        index.

    Raises:
      TypeError: If a value is neither a number, a string, None, an array nor a list of these.
    """

    def without_arrays(value: Any) -> Any:
        if value is None or isinstance(value, (bool, int, float, str)):
            return value
        if isinstance(value, (list, tuple)):
            return [without_arrays(part) for part in value]
        array = np.asarray(value)
        if array.dtype == object:
            raise TypeError(
                f"The state of {type(callback).__name__} must be made of numbers, strings and "
                f"arrays, to be saved in a checkpoint; got {value!r}."
            )
        arrays.append(array)
        return {_ARRAY: len(arrays) - 1}

    return {name: without_arrays(getattr(callback, name)) for name in state_names(callback)}


def unpack(
    callback: keras.callbacks.Callback, state: dict[str, Any], arrays: Sequence[np.ndarray]
) -> None:
    """Restores the state of a callback.

    Args:
      callback: The callback.
      state: What `packed` returned.
      arrays: The arrays that the state refers to.
    """

    def with_arrays(value: Any) -> Any:
        if isinstance(value, list):
            return [with_arrays(part) for part in value]
        return arrays[value[_ARRAY]] if isinstance(value, dict) else value

    for name, value in state.items():
        setattr(callback, name, with_arrays(value))
