"""A good order in which to leave when the machine is to be given back."""

import signal
from collections.abc import Mapping
from types import FrameType
from typing import Any

import keras

from tfp_vae.callbacks.checkpoint import Checkpoint
from tfp_vae.training import AnyReplica


class SaveOnTermination(keras.callbacks.Callback):
    """Saves a checkpoint and leaves, when the process is told to terminate.

    Clusters send SIGTERM some time before they kill. The epoch under way is ended, the checkpoint
    saved, and the program left by `SystemExit` with status 143. The same program, started again,
    goes on from there. Of several workers, it is enough that one is told: all leave after the same
    epoch. An epoch that takes longer than the cluster waits is lost, and no more.

    Args:
      checkpoint: What saves. It stands before this one among the callbacks of `fit`.

    Raises:
      TypeError: If `checkpoint` is no `Checkpoint`.
      ValueError: In `fit`, if the checkpoint does not stand before.
      RuntimeError: In `fit`, if it runs outside of the main thread, where no signals arrive.
      SystemExit: In `fit`, with status 143, if SIGTERM has come.

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
        self._told = False
        self._before: Any = signal.SIG_DFL
        self._on_any_worker: AnyReplica | None = None

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Begins to listen."""
        del logs
        given = self.model.trainer.state.fit_context.callbacks
        if self._checkpoint not in given[: given.index(self)]:
            raise ValueError(
                "`callbacks` must hold the Checkpoint before the SaveOnTermination that saves it; "
                f"got {[type(callback).__name__ for callback in given]}."
            )
        self._told = False
        if self.model.trainer.state.replicated:
            self._on_any_worker = AnyReplica(self.model.distribute_strategy)
        try:
            self._before = signal.signal(signal.SIGTERM, self._receive) or signal.SIG_DFL
        except ValueError as error:
            raise RuntimeError(
                "`fit` must run in the main thread with SaveOnTermination: signals arrive nowhere "
                "else."
            ) from error

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Saves and leaves, if it is time."""
        del epoch, logs
        told = self._told
        if self._on_any_worker is not None:
            told = self._on_any_worker(told)
        if told:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            self._checkpoint.save()
            signal.signal(signal.SIGTERM, self._before)
            raise SystemExit(128 + signal.SIGTERM)

    def on_train_end(self, logs: Mapping[str, float] | None = None) -> None:
        """Listens no more."""
        del logs
        signal.signal(signal.SIGTERM, self._before)
        if self._told:
            signal.raise_signal(signal.SIGTERM)

    def _receive(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self._told = True
        if self.model.trainer.state.fit_context is None:
            # An error has ended `fit`, and nobody has told.
            self.on_train_end()
