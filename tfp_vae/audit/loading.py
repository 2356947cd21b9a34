"""Imports a function by its name, as on a command line."""

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any


def load_callable(reference: str, argument: str = "loss") -> Callable[..., Any]:
    """Imports the function that `"module:function"` names.

    Modules in the current directory are found too.

    Args:
        reference: The module's dotted name, a colon and the function's name in it.
        argument: What the function is for, for error messages.

    Returns:
        The function.

    Raises:
        ValueError: If `reference` is not of that form, or names no function.
        ImportError: If the module cannot be imported; its own exception is the cause.

    Example:
        >>> load_callable("math:sqrt")(4.0)
        2.0
    """
    module_name, colon, path = reference.partition(":")
    if not (colon and module_name and path):
        raise ValueError(
            f"`{argument}` must be of the form module:function, such as losses:my_loss; got "
            f"{reference!r}."
        )
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        found: Any = importlib.import_module(module_name)
    except Exception as error:
        raise ImportError(
            f"`{argument}` must be in a module that can be imported; got {module_name!r}, which "
            f"raises {type(error).__name__}: {error}."
        ) from error
    for name in path.split("."):
        if not hasattr(found, name):
            raise ValueError(
                f"`{argument}` must be a function in the module {module_name!r}; got {path!r}, "
                f"and there is no {name!r}."
            )
        found = getattr(found, name)
    if not callable(found):
        raise ValueError(
            f"`{argument}` must be a function; got {reference!r}, which is a "
            f"{type(found).__name__}."
        )
    function: Callable[..., Any] = found
    return function
