"""The consoles of the command line, and its exit codes."""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from typing import NoReturn, TextIO

from rich.console import Console

BAD_DATA, BAD_USAGE = 1, 2
INTERRUPTED, TERMINATED = 128 + signal.SIGINT, 128 + signal.SIGTERM

TERMINAL = "TFP_VAE_TERMINAL_DESCRIPTOR"
"""The environment variable with the file descriptor of the terminal, for a worker whose own
standard error goes to a file."""


def _progress_file() -> TextIO | None:
    descriptor = os.environ.get(TERMINAL)
    return None if descriptor is None else os.fdopen(int(descriptor), "w", encoding="utf-8")


out = Console(highlight=False)
err = Console(file=_progress_file(), stderr=True, highlight=False)
"""The console for progress, which is no part of the output."""

_failures = Console(stderr=True, highlight=False)


class CommandError(Exception):
    """A failure that ends the program with one line and an exit code."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


def fail(message: object, code: int) -> NoReturn:
    """Ends the program with one line.

    Raises:
      CommandError: Always.
    """
    line = " ".join(str(message).split())
    # The message may quote a file, whose control characters would reach the terminal.
    printable = "".join(each if each.isprintable() else ascii(each)[1:-1] for each in line)
    raise CommandError(printable, code)


def print_failure(message: str) -> None:
    """Prints the one line of a failure."""
    _failures.print(f"tfp-vae: {message}", markup=False, soft_wrap=True)


@contextlib.contextmanager
def termination_raises() -> Iterator[None]:
    """Turns SIGTERM into an exception in the main thread, as Python does with SIGINT.

    Raises:
      SystemExit: With the exit code of a termination, at the signal.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def leave(*_: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        sys.exit(TERMINATED)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before or signal.SIG_DFL)
