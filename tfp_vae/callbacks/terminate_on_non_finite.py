"""Termination of training at a non-finite term of the log."""

import math
import warnings
from collections.abc import Mapping
from typing import Any

import keras


class TerminateOnNonFinite(keras.callbacks.Callback):
    """Stops when a term of the log is non-finite, and names the term.

    The weights of the last epoch with a finite log are restored. The log is checked after every
    epoch, so that whole epochs stay compiled; Keras's `TerminateOnNaN` checks the loss alone, after
    every batch, and restores nothing. A training step with a non-finite loss or gradient is never
    taken (see `compile(on_nonfinite=...)`): this callback covers the terms of validation, terms
    that are not part of the objective, and epochs in which every step was skipped.

    Warns:
      UserWarning: In `fit`, if a term is non-finite.

    Example:
      >>> x = np.array([[0, 1, 1], [1, 0, 1]])
      >>> vae = tfp_vae.VAE.for_data(x, latent_size=2)
      >>> vae.compile(run_eagerly=True)
      >>> history = vae.fit(x, verbose=0, callbacks=[callbacks.TerminateOnNonFinite()])
    """

    state_names = ("stopped_at", "_weights")

    def __init__(self) -> None:
        super().__init__()
        self.stopped_at: int | None = None
        self._weights: list[Any] | None = None

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Copies the initial weights."""
        del logs
        self.stopped_at = None
        self._weights = self.model.get_weights()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Checks every term of the log."""
        nonfinite = {
            name: value for name, value in (logs or {}).items() if not math.isfinite(float(value))
        }
        if not nonfinite:
            self._weights = self.model.get_weights()
            return
        self.stopped_at = epoch + 1
        self.model.set_weights(self._weights)
        self.model.stop_training = True
        named = ", ".join(f"{name} is {float(value)}" for name, value in nonfinite.items())
        warnings.warn(
            f"Training stopped after epoch {epoch + 1}: {named}. The weights of the epoch before "
            "are restored. Lower the learning rate, or use optimizer=keras.optimizers.Adam("
            "clipnorm=1.0). The learned scale of a Normal likelihood can tend to 0 on constant "
            "columns: drop these.",
            stacklevel=2,
        )

    def on_train_end(self, logs: Mapping[str, float] | None = None) -> None:
        """Frees the copy of the weights."""
        del logs
        self._weights = None
