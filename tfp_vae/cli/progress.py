"""A progress bar over epochs or steps; plain lines where the output is no terminal."""

from collections.abc import Sequence
from typing import Any, Self

import keras
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from tfp_vae.cli.console import err

_PLAIN_LINES = 10


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
    """Shows which of several steps is under way, on standard error; plain lines elsewhere.

    Args:
      names: What the steps are called.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._total = len(names)
        self._begun = 0
        self._bar = Progress(
            TextColumn("{task.completed:.0f}/{task.total:.0f}"),
            BarColumn(),
            TextColumn("{task.fields[name]}"),
            console=err,
            transient=True,
        )
        self._task = self._bar.add_task("steps", total=self._total, name="")

    def __enter__(self) -> Self:
        if err.is_terminal:
            self._bar.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self._bar.stop()

    def begin(self, name: str) -> None:
        """Says that the next step begins."""
        if err.is_terminal:
            self._bar.update(self._task, completed=self._begun, name=name)
        else:
            err.print(f"{self._begun + 1}/{self._total}: {name}", soft_wrap=True)
        self._begun += 1
