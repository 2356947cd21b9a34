"""Imports a function or a model by its name, as on a command line."""

import importlib
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any


def load_callable(reference: str, argument: str = "loss") -> Callable[..., Any]:
    """Imports the function that `"module:function"` or `"file.py:function"` names.

    Modules in the current directory are found too.

    Args:
        reference: The module's dotted name or a file, a colon and the function's name in it.
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
    found = load_object(reference, argument)
    if not callable(found):
        raise ValueError(
            f"`{argument}` must be a function; got {reference!r}, which is a "
            f"{type(found).__name__}."
        )
    function: Callable[..., Any] = found
    return function


def load_object(reference: str, argument: str = "loss") -> Any:
    """Imports what `"module:name"` or `"file.py:name"` names: a function, a class or a model.

    Args:
        reference: The module's dotted name or a file, a colon and a name in it.
        argument: What the object is for, for error messages.

    Returns:
        The object.

    Raises:
        ValueError: If `reference` is not of that form, or names nothing.
        ImportError: If the module cannot be imported; its own exception is the cause.

    Example:
        >>> load_object("math:pi") > 3
        True
    """
    module_name, colon, path = reference.rpartition(":")
    if not (colon and module_name and path):
        raise ValueError(
            f"`{argument}` must be of the form module:function, such as losses:my_loss; got "
            f"{reference!r}."
        )
    found: Any = _module(module_name, argument)
    for name in path.split("."):
        if not hasattr(found, name):
            raise ValueError(
                f"`{argument}` must be a function in the module {module_name!r}; got {path!r}, "
                f"and there is no {name!r}."
            )
        found = getattr(found, name)
    return found


def _module(name: str, argument: str) -> Any:
    file = Path(name)
    is_file = name.endswith(".py")
    if is_file and not file.is_file():
        raise ImportError(f"`{argument}` must be in a file that exists; got {name!r}.")
    folder = str(file.resolve().parent if is_file else Path.cwd())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        return _executed(file) if is_file else importlib.import_module(name)
    except Exception as error:
        raise ImportError(
            f"`{argument}` must be in a module that can be imported; got {name!r}, which "
            f"raises {type(error).__name__}: {' '.join(str(error).split())}."
        ) from error


def _executed(file: Path) -> Any:
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[file.stem] = module
    spec.loader.exec_module(module)
    return module
