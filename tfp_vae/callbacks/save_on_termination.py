"""Saves a checkpoint and exits on SIGTERM."""

import signal
from collections.abc import Mapping
from types import FrameType
from typing import Any

import keras

from tfp_vae.callbacks.checkpoint import Checkpoint
from tfp_vae.training import AnyReplica


class SaveOnTermination(keras.callbacks.Callback):
    """Saves a checkpoint and exits on SIGTERM.

    Clusters send SIGTERM some time before they kill a process. The current epoch is finished, the
    checkpoint saved, and `SystemExit` raised with status 143. The same program, started again,
    resumes from there. With several workers it is enough that one receives the signal: all exit
    after the same epoch. If an epoch takes longer than the cluster waits, that epoch is lost.

    Args:
      checkpoint: The callback that saves. It comes before this one in the `callbacks` of `fit`.

    Raises:
      TypeError: If `checkpoint` is no `Checkpoint`.
      ValueError: In `fit`, if the checkpoint does not come before this callback.
      RuntimeError: In `fit`, if it runs outside the main thread, where Python handles no signals.
      SystemExit: In `fit`, with status 143, after SIGTERM.

    Example:
      >>> import tempfile
      >>> vae = tfp_vae.VAE.for_data(np.eye(4), latent_size=2)
      >>> vae.compile(run_eagerly=True)
      >>> with tempfile.TemporaryDirectory() as folder:
      ...     checkpoint = callbacks.Checkpoint(f"{folder}/run.checkpoint", every=10)
      ...     kept = [checkpoint, callbacks.SaveOnTermination(checkpoint)]
      ...     history = vae.fit(np.eye(4), epochs=2, verbose=0, callbacks=kept)
    """

    def __init__(self, checkpoint: Checkpoint) -> None:
        super().__init__()
        if not isinstance(checkpoint, Checkpoint):
            raise TypeError(
                "`checkpoint` must be the callbacks.Checkpoint of the same `fit`; got "
                f"a {type(checkpoint).__name__}."
            )
        self._checkpoint = checkpoint
        self._sigterm_received = False
        self._earlier_handler: Any = signal.SIG_DFL
        self._on_any_worker: AnyReplica | None = None

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Installs the signal handler."""
        del logs
        given = self.model.trainer.state.fit_context.callbacks
        if self._checkpoint not in given[: given.index(self)]:
            raise ValueError(
                "`callbacks` must hold the Checkpoint before the SaveOnTermination that saves it; "
                f"got {[type(callback).__name__ for callback in given]}."
            )
        self._sigterm_received = False
        if self.model.trainer.state.replicated:
            self._on_any_worker = AnyReplica(self.model.distribute_strategy)
        try:
            self._earlier_handler = signal.signal(signal.SIGTERM, self._receive) or signal.SIG_DFL
        except ValueError as error:
            raise RuntimeError(
                "`fit` must run in the main thread with SaveOnTermination, since Python handles "
                "signals nowhere else."
            ) from error

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Saves and exits, if a worker has received SIGTERM."""
        del epoch, logs
        terminate = self._sigterm_received
        if self._on_any_worker is not None:
            terminate = self._on_any_worker(terminate)
        if terminate:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            self._checkpoint.save()
            signal.signal(signal.SIGTERM, self._earlier_handler)
            raise SystemExit(128 + signal.SIGTERM)

    def on_train_end(self, logs: Mapping[str, float] | None = None) -> None:
        """Restores the earlier signal handler."""
        del logs
        signal.signal(signal.SIGTERM, self._earlier_handler)
        if self._sigterm_received:
            signal.raise_signal(signal.SIGTERM)

    def _receive(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self._sigterm_received = True
        if self.model.trainer.state.fit_context is None:
            # An exception ended `fit`, so `on_train_end` was never called.
            self.on_train_end()
