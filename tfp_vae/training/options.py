"""The arguments of `fit`, `evaluate` and `predict` that are no data, checked first."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np

from tfp_vae import checks

_VERBOSITY = ("auto", 0, 1, 2)


def checked(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Checks those of the arguments that are there.

    Returns:
      The arguments, with ints in the place of NumPy's, whose arithmetic may overflow, and a
      list of epochs in the place of a tuple.

    Raises:
      TypeError: If one is of the wrong kind.
      ValueError: If one has a wrong value.
    """
    for name, value in arguments.items():
        if name in _CHECKS:
            _CHECKS[name](value, name)
    plain = {
        name: int(value) if isinstance(value, np.integer) else value
        for name, value in arguments.items()
    }
    epochs = plain.get("validation_freq")
    if isinstance(epochs, Sequence):
        # Keras knows a list of epochs by its type.
        plain["validation_freq"] = [int(epoch) for epoch in epochs]
    return plain


def _size_or_none(value: Any, name: str) -> None:
    if value is not None:
        checks.positive_int(value, name)


def _fraction(value: Any, name: str) -> None:
    if checks.finite_number(0.0 if value is None else value, name, minimum=0.0) >= 1.0:
        raise ValueError(f"`{name}` must be at least 0 and below 1; got {value:g}.")


def _frequency(value: Any, name: str) -> None:
    if isinstance(value, (int, np.integer)):
        checks.positive_int(value, name)
    elif not checks.positive_ints(value, name):
        raise ValueError(f"`{name}` must be an int, or a list of epochs from 1; got an empty list.")


def _verbosity(value: Any, name: str) -> None:
    if not isinstance(value, (int, str)) or value not in _VERBOSITY:
        raise ValueError(f"`{name}` must be 'auto', 0, 1 or 2; got {value!r}.")


def _callbacks(value: Any, name: str) -> None:
    if value is None or isinstance(value, (keras.callbacks.Callback, keras.callbacks.CallbackList)):
        return
    if not isinstance(value, (list, tuple)):
        raise TypeError(f"`{name}` must be a list of callbacks; got a {type(value).__name__}.")
    for index, each in enumerate(value):
        if each is not None:
            example = "callbacks.EarlyStopping()"
            checks.instance_of(each, keras.callbacks.Callback, f"{name}[{index}]", example)


_CHECKS: dict[str, Callable[[Any, str], Any]] = {
    "batch_size": _size_or_none,
    "callbacks": _callbacks,
    "epochs": checks.whole_number,
    "initial_epoch": checks.whole_number,
    "steps": _size_or_none,
    "steps_per_epoch": _size_or_none,
    "validation_batch_size": _size_or_none,
    "validation_freq": _frequency,
    "validation_split": _fraction,
    "validation_steps": _size_or_none,
    "verbose": _verbosity,
}
