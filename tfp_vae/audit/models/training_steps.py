"""The encoder and decoder that a training step of a module reaches by their names."""

import inspect
from collections.abc import Callable
from typing import Any

from tfp_vae.audit.calls.argument_names import KEY_NAMES
from tfp_vae.audit.calls.blackbox import parameters_of
from tfp_vae.audit.calls.closures import reached_values
from tfp_vae.audit.models.cuts import cut_at
from tfp_vae.audit.models.steps import unwrapped


def step_parts(function: Any) -> dict[str, Any]:
    """The layers and modules that a training step of x reaches, by name.

    Args:
        function: What may be a training step, such as `train_step(x)` beside an `encoder` and a
            `decoder`, compiled or not.

    Returns:
        The parts; none if this is no function, or one that must be given more than x.
    """
    written = unwrapped(function)
    if not inspect.isfunction(written) or _required(written) != 1:
        return {}
    values = reached_values(written)
    return {name: value for name, value in values.items() if cut_at(value, name) is not None}


def names_of_step(function: Any, parts: dict[str, Any]) -> dict[str, Any]:
    """Where a function finds its parts: the names of its module, or those that it closes over."""
    names: dict[str, Any] = function.__globals__
    is_global = all(names.get(name) is part for name, part in parts.items())
    return names if is_global else reached_values(function)


def _required(function: Callable[..., Any]) -> int:
    """How many arguments must be given, beside random keys."""
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(
        p.kind in positional and p.default is p.empty and p.name.lower() not in KEY_NAMES
        for p in parameters_of(function) or ()
    )
