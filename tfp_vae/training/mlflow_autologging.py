"""Logs a call of `fit` to MLflow where its autologging of Keras is on.

MLflow replaces `keras.Model.fit`, which the engine does not call.
"""

import contextlib
import importlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import keras

_FLAVORS = ("keras", "tensorflow")


@contextlib.contextmanager
def autologged(
    model: Any, arguments: Mapping[str, Any], callbacks: Sequence[keras.callbacks.Callback]
) -> Iterator[list[keras.callbacks.Callback]]:
    """Holds the run of a call of `fit`, and logs the model at its end.

    The active run is used, or else one of its own. It has the arguments that are numbers, the
    optimizer, the terms of every epoch and, unless `log_models` is False, the model.

    Args:
      model: The model, compiled.
      arguments: Keras's arguments of `fit`, by name.
      callbacks: The callbacks of the call. With MLflow's own among them nothing else is logged.

    Yields:
      The callback to add, if autologging is on.
    """
    flavor = _flavor_that_is_on()
    if flavor is None or any(_is_of_mlflow(each) for each in callbacks):
        yield []
        return
    mlflow = importlib.import_module("mlflow")
    with contextlib.ExitStack() as stack:
        if mlflow.active_run() is None:
            stack.enter_context(mlflow.start_run(tags={"mlflow.autologging": flavor}))
        settings = {f"opt_{name}": value for name, value in _scalars(model.optimizer.get_config())}
        with contextlib.suppress(mlflow.MlflowException):  # A run's parameter is set once.
            mlflow.log_params({**dict(_scalars(arguments)), **settings})
        yield [_EpochLog()]
        utilities = importlib.import_module("mlflow.utils.autologging_utils")
        if utilities.get_autologging_config(flavor, "log_models", True):
            registered = utilities.get_autologging_config(flavor, "registered_model_name", None)
            mlflow.keras.log_model(model, name="model", registered_model_name=registered)


class _EpochLog(keras.callbacks.Callback):
    """Logs the terms of every epoch."""

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        values = {name: float(value) for name, value in (logs or {}).items()}
        importlib.import_module("mlflow").log_metrics(values, step=epoch)


def _flavor_that_is_on() -> str | None:
    """Returns the integration of MLflow whose autologging is on, without importing any."""
    utilities = sys.modules.get("mlflow.utils.autologging_utils")
    if utilities is None:
        return None
    for flavor in _FLAVORS:
        known = flavor in utilities.AUTOLOGGING_INTEGRATIONS
        if known and not utilities.autologging_is_disabled(flavor):
            return flavor
    return None


def _is_of_mlflow(callback: keras.callbacks.Callback) -> bool:
    return type(callback).__module__.partition(".")[0] == "mlflow"


def _scalars(values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, (bool, int, float, str)):
            yield name, value
