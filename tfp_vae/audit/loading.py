"""Finds a function by the name that is given on a command line."""

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
            f"`{argument}` was expected as module:function, for example losses:my_loss, but it is "
            f"{reference!r}."
        )
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        found: Any = importlib.import_module(module_name)
    except Exception as error:
        raise ImportError(
            f"`{argument}` was expected to be in the module {module_name!r}, but importing it "
            f"raised {type(error).__name__}: {error}"
        ) from error
    for name in path.split("."):
        if not hasattr(found, name):
            raise ValueError(
                f"`{argument}` was expected to be {path!r} in the module {module_name!r}, but "
                f"there is no {name!r}."
            )
        found = getattr(found, name)
    if not callable(found):
        raise ValueError(
            f"`{argument}` was expected to be a function, but {reference!r} is a "
            f"{type(found).__name__}."
        )
    return found
