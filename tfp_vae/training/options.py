"""The arguments of `compile`, `fit`, `evaluate` and `predict` other than data."""

import contextlib
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

import keras
import numpy as np

from tfp_vae import checks
from tfp_vae.error_text import described
from tfp_vae.training.row_metrics import RowMetric, named_metrics

_VERBOSITY = ("auto", 0, 1, 2)
_ON_NONFINITE = ("raise", "skip")
Options = TypeVar("Options", "FitOptions", "EvaluateOptions", "PredictOptions")


class CompileOptions(NamedTuple):
    """The arguments of `compile`.

    Attributes:
      optimizer: A Keras optimizer.
      run_eagerly: Whether every step runs in Python.
      steps_per_execution: The number of batches in one call of the compiled function.
      jit_compile: Whether to compile with XLA, or "auto".
      on_nonfinite: "raise" or "skip".
      metrics: The caller's own metrics, by name.
      skip_gradients_above: The largest global norm of the gradients of a step, or None.
    """

    optimizer: keras.optimizers.Optimizer
    run_eagerly: bool
    steps_per_execution: int
    jit_compile: bool | str
    on_nonfinite: str
    metrics: Mapping[str, RowMetric] = MappingProxyType({})
    skip_gradients_above: float | None = None

    @classmethod
    def checked(
        cls,
        optimizer: Any,
        run_eagerly: Any,
        steps_per_execution: Any,
        jit_compile: Any,
        on_nonfinite: Any,
        metrics: Any = None,
        scheduled: Sequence[str] = (),
        skip_gradients_above: Any = None,
    ) -> "CompileOptions":
        """Checks the arguments, and makes an optimizer from its name.

        Raises:
          TypeError: If one is of the wrong type.
          ValueError: If one has a wrong value, or Keras knows no optimizer of that name.
        """
        steps_per_execution = checks.positive_int(steps_per_execution, "steps_per_execution")
        if not isinstance(run_eagerly, (bool, np.bool_)):
            raise TypeError(f"`run_eagerly` must be True or False; got {described(run_eagerly)}.")
        is_auto = isinstance(jit_compile, str) and jit_compile == "auto"
        if not isinstance(jit_compile, bool) and not is_auto:
            raise ValueError(
                f'`jit_compile` must be True, False or "auto"; got {described(jit_compile)}.'
            )
        checks.one_of(on_nonfinite, list(_ON_NONFINITE), "on_nonfinite")
        made = _as_optimizer(optimizer)
        return cls(
            made,
            bool(run_eagerly),
            steps_per_execution,
            jit_compile,
            on_nonfinite,
            named_metrics(metrics, scheduled),
            _norm_limit(skip_gradients_above, made),
        )

    @contextlib.contextmanager
    def keras_warnings(self) -> Iterator[None]:
        """Silences Keras's warning that XLA is not supported, unless the caller asked for XLA."""
        with warnings.catch_warnings():
            if self.jit_compile == "auto":
                warnings.filterwarnings("ignore", message="Model doesn't support `jit_compile")
            yield


class FitOptions(NamedTuple):
    """The arguments of `fit`; all are Keras's."""

    batch_size: int | None = None
    epochs: int = 1
    verbose: int | str = "auto"
    callbacks: Any = None
    validation_split: float | None = 0.0
    validation_data: Any = None
    shuffle: Any = True
    class_weight: None = None
    sample_weight: Any = None
    initial_epoch: int = 0
    steps_per_epoch: int | None = None
    validation_steps: int | None = None
    validation_batch_size: int | None = None
    validation_freq: int | Sequence[int] = 1

    def validates_after(self, epoch: int) -> bool:
        """Returns whether an epoch, counted from 0, ends with a validation."""
        if isinstance(self.validation_freq, int):
            return (epoch + 1) % self.validation_freq == 0
        return epoch + 1 in self.validation_freq


class EvaluateOptions(NamedTuple):
    """The arguments of `evaluate`; all are Keras's."""

    batch_size: int | None = None
    verbose: int | str = "auto"
    sample_weight: Any = None
    steps: int | None = None
    callbacks: Any = None
    return_dict: bool = False


class PredictOptions(NamedTuple):
    """The arguments of `predict`; all are Keras's."""

    batch_size: int | None = None
    verbose: int | str = "auto"
    steps: int | None = None
    callbacks: Any = None


def checked(kind: type[Options], arguments: Mapping[str, Any]) -> Options:
    """Returns checked arguments, with NumPy integers, which may overflow, converted to ints.

    Args:
      kind: `FitOptions`, `EvaluateOptions` or `PredictOptions`.
      arguments: By name.

    Raises:
      TypeError: If one is of the wrong type, or unknown.
      ValueError: If one has a wrong value.
    """
    for name, value in arguments.items():
        if name not in kind._fields:
            raise TypeError(f"The arguments must be among {', '.join(kind._fields)}; got `{name}`.")
        if name in _CHECKS:
            _CHECKS[name](value, name)
    plain: dict[str, Any] = {
        name: int(value) if isinstance(value, np.integer) else value
        for name, value in arguments.items()
    }
    return kind(**plain)


def _norm_limit(limit: Any, optimizer: keras.optimizers.Optimizer) -> float | None:
    if limit is None:
        return None
    norm = checks.finite_number(limit, "skip_gradients_above", minimum=0.0)
    if norm == 0.0:
        raise ValueError("`skip_gradients_above` must be positive, or None; got 0.")
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        raise ValueError(
            "`skip_gradients_above` must be None with a LossScaleOptimizer, whose gradients are "
            f"multiplied by a scale that changes; got {norm:g}."
        )
    return norm


def _as_optimizer(optimizer: Any) -> keras.optimizers.Optimizer:
    wanted = "`optimizer` must be a Keras optimizer or its name, such as 'adam'"
    if not isinstance(optimizer, (str, dict, keras.optimizers.Optimizer)):
        raise TypeError(f"{wanted}; got {described(optimizer)}.")
    try:
        return keras.optimizers.get(optimizer)
    except (TypeError, ValueError, KeyError) as error:
        raise ValueError(f"{wanted}; got {str(optimizer)[:60]!r}.") from error


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


def _no_class_weight(value: Any, name: str) -> None:
    if value is not None:
        raise ValueError(
            f"`{name}` must be None, since a VAE has no classes; got a {type(value).__name__}."
        )


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
    "class_weight": _no_class_weight,
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


def several(callbacks: Any) -> Sequence[keras.callbacks.Callback]:
    """Returns the argument `callbacks` of Keras as a sequence of callbacks."""
    if isinstance(callbacks, keras.callbacks.CallbackList):
        callbacks = callbacks.callbacks
    elif not isinstance(callbacks, Sequence):
        callbacks = [callbacks]
    return tuple(callback for callback in callbacks if callback is not None)
