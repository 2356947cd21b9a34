"""The symbolic tensors of Keras that a loss closes over."""

from collections.abc import Sequence
from types import FunctionType
from typing import Any

from tfp_vae.audit.calls.argument_names import MEAN, SECOND, role_of

_DEPTH = 3


def is_symbolic(value: Any) -> bool:
    """Whether this is a symbolic tensor of Keras 3 or tf_keras."""
    return type(value).__name__ == "KerasTensor"


def reached_values(function: Any) -> dict[str, Any]:
    """What a function may reach by name: of its module what it names, and what it closes over."""
    code = getattr(function, "__code__", None)
    if code is None:
        return {}
    names = getattr(function, "__globals__", {})
    reached = {n: names[n] for n in code.co_names if n in names}
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=False):
        try:
            reached[name] = cell.cell_contents
        except ValueError:
            continue
    return reached


def symbolic_tensors(function: Any, depth: int = _DEPTH) -> dict[str, Any]:
    """The symbolic tensors that a function closes over, by name, its own before others' alike.

    Args:
        function: The function, or an object that holds tensors.
        depth: How many functions deep to look, since a loss may call others that close over some.
    """
    found: dict[str, Any] = {}
    owner = getattr(function, "__self__", function)
    if hasattr(owner, "__dict__"):
        found |= {n: v for n, v in vars(owner).items() if is_symbolic(v)}
    reached = reached_values(function)
    found |= {n: v for n, v in reached.items() if is_symbolic(v)}
    if hasattr(reached.get("self"), "__dict__"):
        found |= {n: v for n, v in vars(reached["self"]).items() if is_symbolic(v)}
    for value in reached.values():
        if depth and isinstance(value, FunctionType) and value is not function:
            further = symbolic_tensors(value, depth - 1)
            found |= {n: v for n, v in further.items() if n not in found}
    return found


def closed_over(function: Any) -> dict[str, Any] | None:
    """The mean and the second output that a loss closes over, None if it does not.

    The tensors are told apart by their names: `encoded_mean`, `z_log_var`, and so on.
    """
    found: dict[str, Any] = {}
    for name, tensor in symbolic_tensors(function).items():
        role = role_of(name)
        if role in (MEAN, SECOND) and role not in found:
            found[role] = tensor
    return found if MEAN in found else None


def drawn_from(outputs: Sequence[Any]) -> Any:
    """The tensor of the mean's shape that is computed of both outputs, None if there is none."""
    if len(outputs) < 2:
        return None
    history = getattr(outputs[0], "_keras_history")  # noqa: B009 - Keras has no public name
    operation = getattr(history, "operation", None) or history.layer
    for node in getattr(operation, "_outbound_nodes", ()):
        inputs = getattr(node, "input_tensors", None)
        if getattr(node, "keras_inputs", None) is not None:
            inputs = node.keras_inputs
        inputs = inputs if isinstance(inputs, (tuple, list)) else [inputs]
        result = node.outputs[0] if isinstance(node.outputs, (tuple, list)) else node.outputs
        has_both = all(any(tensor is output for tensor in inputs) for output in outputs)
        if has_both and tuple(result.shape) == tuple(outputs[0].shape):
            return result
    return None
