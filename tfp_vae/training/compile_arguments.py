"""The arguments of `compile`, checked first."""

from typing import Any, NamedTuple

import keras
import numpy as np

from tfp_vae import checks
from tfp_vae.error_text import described


class CompileArguments(NamedTuple):
    """What a model is compiled with.

    Attributes:
      optimizer: A Keras optimizer.
      run_eagerly: Whether to run Python at every step.
      steps_per_execution: How many batches one call of the compiled function takes.
      jit_compile: Whether to compile with XLA, or "auto".
      on_nonfinite: "raise" or "skip".
    """

    optimizer: keras.optimizers.Optimizer
    run_eagerly: bool
    steps_per_execution: int
    jit_compile: Any
    on_nonfinite: str


def checked(
    optimizer: Any,
    run_eagerly: Any,
    steps_per_execution: Any,
    jit_compile: Any,
    on_nonfinite: Any,
) -> CompileArguments:
    """Checks the arguments, and returns them with the optimizer that was meant by a name.

    Raises:
      TypeError: If one is of the wrong kind.
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
    on_nonfinite = checks.one_of(on_nonfinite, ["raise", "skip"], "on_nonfinite")
    return CompileArguments(
        _as_optimizer(optimizer), bool(run_eagerly), steps_per_execution, jit_compile, on_nonfinite
    )


def _as_optimizer(optimizer: Any) -> keras.optimizers.Optimizer:
    wanted = "`optimizer` must be a Keras optimizer or its name, such as 'adam'"
    if not isinstance(optimizer, (str, dict, keras.optimizers.Optimizer)):
        raise TypeError(f"{wanted}; got a {type(optimizer).__name__}.")
    try:
        return keras.optimizers.get(optimizer)
    except (TypeError, ValueError, KeyError) as error:
        raise ValueError(f"{wanted}; got {str(optimizer)[:60]!r}.") from error
