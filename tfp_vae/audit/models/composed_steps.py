"""Steps of models whose loss is a method of what the model returns, and of x."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tfp_vae.audit.calls.argument_names import DECODER, KL_WEIGHT_NAMES, MEAN, SECOND, X, role_of
from tfp_vae.audit.calls.blackbox import parameters_of
from tfp_vae.audit.calls.frameworks import as_numpy
from tfp_vae.audit.calls.results import entries_of
from tfp_vae.audit.models.cuts import leaves_of, shape_of

_ROLES = frozenset([X, DECODER, MEAN, SECOND])


def composed_steps(
    model: Any, methods: Sequence[Any], constants: Mapping[str, Any]
) -> list[Callable[[Any], Any]]:
    """The steps that call a model, and a loss of it with what it returned.

    Args:
        model: The model; it must be callable, and return the reconstruction, the mean and the
            second output.
        methods: What may be its loss, such as a method `loss_function(recon_x, x, mu, logvar)`.
        constants: Values of further arguments, by name.
    """
    steps = []
    for method in methods if callable(model) else ():
        roles = _roles_of(method, constants) if callable(method) else None
        if roles is not None:
            steps.append(_composed(model, method, roles, constants))
    return steps


def _roles_of(method: Any, constants: Mapping[str, Any]) -> dict[str, str] | None:
    """What each required argument is, None if the names do not tell."""
    required = [
        p.name
        for p in parameters_of(method) or ()
        if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
        and p.default is p.empty
        and p.name not in constants
    ]
    roles = {name: role_of(name) or "" for name in required}
    is_told = sorted(roles.values()) == sorted(_ROLES)
    return roles if is_told and not KL_WEIGHT_NAMES & roles.keys() else None


def _composed(
    model: Any, method: Any, roles: Mapping[str, str], constants: Mapping[str, Any]
) -> Callable[[Any], Any]:
    known = {p.name for p in parameters_of(method) or ()}
    further = {name: value for name, value in constants.items() if name in known}

    def step(x: Any) -> Any:
        values = {X: x, **_outputs(model(x), x)}
        return method(**{name: values[role] for name, role in roles.items()}, **further)

    return step


def _outputs(result: Any, x: Any) -> dict[str, Any]:
    """The reconstruction, the mean and the second output among what a model returned.

    Raises:
        ValueError: If they cannot be told apart.
    """
    named = {
        role: value
        for name, value in entries_of(result) or ()
        if isinstance(name, str) and (role := role_of(name)) in _ROLES
    }
    if {DECODER, MEAN, SECOND} <= named.keys():
        return {role: named[role] for role in (DECODER, MEAN, SECOND)}
    leaves = [leaf for leaf in leaves_of(result) if not _is_same(leaf, x)]
    size = np.size(as_numpy(x))
    rebuilt = [leaf for leaf in leaves if np.size(as_numpy(leaf)) == size]
    others = [leaf for leaf in leaves if not any(leaf is other for other in rebuilt)]
    if len(rebuilt) != 1 or len(others) != 2 or shape_of(others[0]) != shape_of(others[1]):
        raise ValueError("what the model returns does not tell the arguments of its loss")
    return {DECODER: rebuilt[0], MEAN: others[0], SECOND: others[1]}


def _is_same(leaf: Any, x: Any) -> bool:
    shape = shape_of(leaf)
    return shape == shape_of(x) and np.array_equal(as_numpy(leaf), as_numpy(x))
