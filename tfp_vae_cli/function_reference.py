"""Checks the name of a function or model before its module is imported."""

import importlib.util
import sys
from importlib.machinery import PathFinder
from pathlib import Path

from tfp_vae_cli.console import BAD_USAGE, fail


def check_reference(reference: str, argument: str) -> None:
    """Checks the form `module:name` or `file.py:name`, and that there is such a module or file.

    The messages are those of `tfp_vae.audit.load_callable`, which imports the function.

    Args:
      reference: The name, as on the command line.
      argument: What the function is for.

    Raises:
      CommandError: If the form is another, or no such module is in the current directory or
        installed.
    """
    module, colon, function = reference.rpartition(":")
    if not (colon and module and function):
        fail(
            f"`{argument}` must be of the form module:function, such as losses:my_loss; got "
            f"{reference!r}.",
            BAD_USAGE,
        )
    if module.endswith(".py"):
        if not Path(module).is_file():
            fail(f"`{argument}` must be in a file that exists; got {module!r}.", BAD_USAGE)
        return
    top = module.partition(".")[0]
    if not _exists(top):
        fail(
            f"`{argument}` must be in a module that can be imported; got {module!r}, which raises "
            f"ModuleNotFoundError: No module named {top!r}.",
            BAD_USAGE,
        )


def _exists(top: str) -> bool:
    """Whether there is a module or package of this name; a module inside one is not looked for."""
    if not top or top in sys.modules:
        return True
    here = PathFinder.find_spec(top, [str(Path.cwd())])
    return here is not None or importlib.util.find_spec(top) is not None
