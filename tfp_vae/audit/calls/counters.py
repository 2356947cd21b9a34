"""Keeps the numbers that a loss or a model counts its own calls with."""

import functools
from collections.abc import Callable
from typing import Any


def uncounted(function: Callable[..., Any], owner: Any) -> Callable[..., Any]:
    """The function, after each call of which its owner's numbers are as before the first.

    A loss whose capacity or weight follows a counter of its own (`self.num_iter += 1`) is one and
    the same function of its arguments then.

    Args:
        function: The function.
        owner: The object that may count, a bound method of it, or a module with such parts.

    Example:
        >>> class Loss:
        ...     calls = 0
        ...
        ...     def __call__(self):
        ...         self.calls += 1
        ...         return self.calls
        >>> loss = Loss()
        >>> once = uncounted(loss, loss)
        >>> once(), once(), loss.calls
        (1, 1, 0)
    """
    kept = [(attributes, _numbers(attributes)) for attributes in _attributes(owner)]

    @functools.wraps(function, updated=())
    def called(*given: Any, **named: Any) -> Any:
        try:
            return function(*given, **named)
        finally:
            for attributes, numbers in kept:
                for name in _numbers(attributes).keys() - numbers.keys():
                    # A count that began with the class's own number.
                    del attributes[name]
                attributes.update(numbers)

    return called


def _attributes(owner: Any) -> list[dict[str, Any]]:
    owner = getattr(owner, "__self__", owner)
    parts = owner.modules() if hasattr(owner, "named_modules") else [owner]
    return [vars(part) for part in parts if isinstance(getattr(part, "__dict__", None), dict)]


def _numbers(attributes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in attributes.items() if type(value) in (int, float)}
