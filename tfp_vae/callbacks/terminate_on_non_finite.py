"""An end to training where a term is no number any more."""

import math
import warnings
from collections.abc import Mapping
from typing import Any

import keras


class TerminateOnNonFinite(keras.callbacks.Callback):
    """Stops when a term of the log is NaN or infinite, and names it.

    The model gets the weights that it had after the last epoch with a log of finite numbers. It
    looks after every epoch, so that whole epochs stay compiled; Keras's `TerminateOnNaN` looks
    after every batch, at the loss alone, and keeps the weights as they are. A step of training
    whose loss or gradients are not finite is not taken at all (see `compile(on_nonfinite=...)`):
    what is left to this alarm are the terms of validation, terms that the objective leaves out,
    and epochs of which every step was skipped.

    Warns:
      UserWarning: In `fit`, if a term is not finite.

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
        """Takes note of the weights that training begins with."""
        del logs
        self.stopped_at = None
        self._weights = self.model.get_weights()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Looks at every term of the log."""
        wrong = {
            name: value for name, value in (logs or {}).items() if not math.isfinite(float(value))
        }
        if not wrong:
            self._weights = self.model.get_weights()
            return
        self.stopped_at = epoch + 1
        self.model.set_weights(self._weights)
        self.model.stop_training = True
        named = ", ".join(f"{name} is {float(value)}" for name, value in wrong.items())
        warnings.warn(
            f"Training stopped after epoch {epoch + 1}: {named}. The model has the weights of the "
            "epoch before. Try a smaller learning rate, or optimizer=keras.optimizers.Adam("
            "clipnorm=1.0); a scale that a Normal likelihood learns can run towards 0 on columns "
            "that do not vary.",
            stacklevel=2,
        )

    def on_train_end(self, logs: Mapping[str, float] | None = None) -> None:
        """Lets go of the weights."""
        del logs
        self._weights = None
