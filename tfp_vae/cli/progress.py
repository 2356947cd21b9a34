"""Progress bars and status messages on a terminal, and plain lines elsewhere."""

import contextlib
import threading
from collections.abc import Iterator, Sequence
from typing import Self

import keras
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from tfp_vae.cli.console import err

_PARTS = 10
PATIENCE = 1.0
"""The seconds after which a status message is shown."""


class EpochProgress(keras.callbacks.Callback):
    """Shows the epoch and the validation ELBO.

    Args:
      epochs: The most epochs, or None if unknown.
      console: The console to show it on.
    """

    def __init__(self, epochs: int | None, console: Console) -> None:
        super().__init__()
        self._epochs = epochs
        self._of_epochs = "" if epochs is None else f"/{epochs}"
        self._console = console
        self._bar = Progress(
            TextColumn(f"epoch {{task.completed:.0f}}{self._of_epochs}"),
            BarColumn(),
            TextColumn("{task.fields[terms]}"),
            TimeRemainingColumn(),
            console=console,
        )
        self._task = self._bar.add_task("train", total=epochs, terms="compiling …")

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Starts the bar."""
        del logs
        if self._console.is_terminal:
            self._bar.start()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Moves the bar, or prints one of ten lines."""
        assert logs is not None
        done = epoch + 1
        terms = f"ELBO {logs['elbo']:.2f}, validation {logs['val_elbo']:.2f} nats"
        if self._console.is_terminal:
            self._bar.update(self._task, completed=done, terms=terms)
        elif is_milestone(done, self._epochs) or done == self._epochs:
            self._console.print(f"epoch {done}{self._of_epochs}: {terms}", soft_wrap=True)

    def stop(self) -> None:
        """Stops the bar."""
        if self._console.is_terminal:
            self._bar.stop()


def is_milestone(done: int, total: int | None) -> bool:
    """Returns whether a tenth is done; of an unknown total, whether 10, 20, 50, 100, ... are.

    Args:
      done: What is done, at least 1.
      total: All there is to do, or None if unknown.
    """
    if total is not None:
        return done % max(1, total // _PARTS) == 0
    return done >= _PARTS and str(done).rstrip("0") in ("1", "2", "5")


class StepProgress:
    """Shows the name and number of the current step.

    Args:
      names: The names of the steps.
      console: The console to show it on.
    """

    def __init__(self, names: Sequence[str], console: Console = err) -> None:
        self._console = console
        self._total = len(names)
        self._begun = 0
        self._bar = Progress(
            TextColumn("{task.completed:.0f}/{task.total:.0f}"),
            BarColumn(),
            TextColumn("{task.fields[name]}"),
            console=console,
            transient=True,
        )
        self._task = self._bar.add_task("steps", total=self._total, name="")

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._bar.start()
        return self

    def __exit__(self, *failure: object) -> None:
        if self._console.is_terminal:
            self._bar.stop()

    def begin(self, name: str) -> None:
        """Shows the next step."""
        if self._console.is_terminal:
            self._bar.update(self._task, completed=self._begun, name=name)
        else:
            self._console.print(f"{self._begun + 1}/{self._total}: {name}", soft_wrap=True)
        self._begun += 1


@contextlib.contextmanager
def status(message: str, console: Console = err) -> Iterator[None]:
    """Shows what is running, if it runs for longer than `PATIENCE` seconds.

    On a terminal it is a spinner, which disappears at the end; elsewhere it is a line.

    Args:
      message: What is running.
      console: The console to show it on.
    """
    spinner = console.status(Text(f"{message} …"))

    def show() -> None:
        if console.is_terminal:
            spinner.start()
        else:
            console.print(f"{message} …", soft_wrap=True, markup=False)

    timer = threading.Timer(PATIENCE, show)
    timer.daemon = True
    if PATIENCE > 0.0:
        timer.start()
    else:
        show()
    try:
        yield
    finally:
        timer.cancel()
        if timer.is_alive():
            timer.join()
        spinner.stop()
