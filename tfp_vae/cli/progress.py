"""Progress bars over epochs and steps and while waiting; plain lines where there is no terminal."""

import threading
from collections.abc import Sequence
from typing import Any, Self

import keras
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from tfp_vae.cli.console import err

_PLAIN_LINES = 10
PATIENCE = 1.0
"""How many seconds something may take before it is said what it is."""


class EpochProgress(keras.callbacks.Callback):
    """Shows the epoch and the validation ELBO.

    Args:
      epochs: How many epochs there will be.
      console: Where it is shown.
    """

    def __init__(self, epochs: int, console: Console) -> None:
        super().__init__()
        self._epochs = epochs
        self._console = console
        self._bar = Progress(
            TextColumn("epoch {task.completed:.0f}/{task.total:.0f}"),
            BarColumn(),
            TextColumn("{task.fields[terms]}"),
            TimeRemainingColumn(),
            console=console,
        )
        self._task = self._bar.add_task("train", total=epochs, terms="compiling …")

    def on_train_begin(self, logs: Any = None) -> None:
        """Starts the bar."""
        del logs
        if self._console.is_terminal:
            self._bar.start()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Moves the bar, or prints a line now and then."""
        done = epoch + 1
        terms = f"ELBO {logs['elbo']:.2f}, validation {logs['val_elbo']:.2f} nats"
        if self._console.is_terminal:
            self._bar.update(self._task, completed=done, terms=terms)
        elif done % max(1, self._epochs // _PLAIN_LINES) == 0 or done == self._epochs:
            self._console.print(f"epoch {done}/{self._epochs}: {terms}", soft_wrap=True)

    def stop(self) -> None:
        """Takes the bar off the terminal's hands."""
        if self._console.is_terminal:
            self._bar.stop()


class StepProgress:
    """Shows which of several steps is under way.

    Args:
      names: What the steps are called.
      console: Where it is shown.
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
        """Says that the next step begins."""
        if self._console.is_terminal:
            self._bar.update(self._task, completed=self._begun, name=name)
        else:
            self._console.print(f"{self._begun + 1}/{self._total}: {name}", soft_wrap=True)
        self._begun += 1


class Waiting:
    """Says what is under way, and for how long, where it takes more than a moment.

    On a terminal it is a bar without an end, which is gone when it is done; elsewhere a line.

    Args:
      what: What is under way.
      console: Where it is shown.
      patience: How many seconds it may take before it is shown; `PATIENCE` if not given.
    """

    def __init__(self, what: str, console: Console = err, patience: float | None = None) -> None:
        self._what, self._console = what, console
        self._patience = PATIENCE if patience is None else patience
        self._bar: Progress | None = None
        self._timer = threading.Timer(self._patience, self._show)
        self._timer.daemon = True
        self._lock = threading.Lock()
        self._done = False

    def __enter__(self) -> Self:
        if self._patience <= 0.0:
            self._show()
        else:
            self._timer.start()
        return self

    def __exit__(self, *failure: object) -> None:
        with self._lock:
            self._done = True
            self._timer.cancel()
            if self._bar is not None:
                self._bar.stop()

    def _show(self) -> None:
        with self._lock:
            if self._done:
                return
            if not self._console.is_terminal:
                self._console.print(f"{self._what} …", soft_wrap=True, markup=False)
                return
            self._bar = Progress(
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                TimeElapsedColumn(),
                console=self._console,
                transient=True,
            )
            self._bar.add_task(self._what, total=None)
            self._bar.start()
