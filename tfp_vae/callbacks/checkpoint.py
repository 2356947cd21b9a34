"""Checkpoints of a run, from which `fit` resumes bit by bit."""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from tfp_vae import atomic_files, checks
from tfp_vae.callbacks import state
from tfp_vae.paths import as_path
from tfp_vae.training import AnyReplica, agreed

_DESCRIPTION = "description"


class _Saved(NamedTuple):
    """The content of a checkpoint: the state after some epochs, and the run it belongs to."""

    values: list[np.ndarray]
    epochs: int
    stopped: bool
    history: dict[str, list[float]]
    run: dict[str, Any]
    callbacks: list[dict[str, Any]]


class Checkpoint(keras.callbacks.Callback):
    """Saves the state of a run after an epoch, from which `fit` resumes.

    A program that is killed and started again ends in the same weights, bit by bit, as one that is
    not killed, on the same machine. A checkpoint holds all weights, the optimizer's state, the
    seeds of the noise, of dropout and of the row order, the epoch, the history, and the state of
    the callbacks before it, such as the patience that `EarlyStopping` has used; a custom callback
    names the attributes of its state in a class attribute `state_names`. The file is written
    atomically. `fit` must be called with the same arguments; larger `epochs` prolong the run. With
    several workers each reads the same file, and the first writes it.

    Keras's `BackupAndRestore` restores weights, optimizer and epoch, but no seed generator: with
    dropout, or if the program does not set the same seed again, the run ends in other weights. It
    restores neither the history nor the state of other callbacks, does not check that model and
    data are the same, and deletes its files at the end.

    Args:
      filepath: The file. If it exists when `fit` begins, the run resumes from it.
      data: The training array, or a tuple of arrays, to refuse a checkpoint of a run on other data;
        None for no check.
      every: The number of epochs between saves.

    Raises:
      TypeError: If `filepath` is no path, `data` no array of numbers, or `every` no integer.
      ValueError: If `every` is not positive; in `fit`, if the file is no checkpoint, or one of a
        run with another model, optimizer, batch size, shuffling, number of steps, data or list of
        callbacks with state; if a callback with state comes after this one; or if workers do not
        see the same file.

    Example:
      >>> import tempfile
      >>> from tfp_vae import callbacks
      >>> vae = tfp_vae.VAE.for_data(np.eye(4), latent_size=2)
      >>> vae.compile(run_eagerly=True)
      >>> with tempfile.TemporaryDirectory() as folder:
      ...     checkpoint = callbacks.Checkpoint(f"{folder}/run.checkpoint", data=np.eye(4))
      ...     _ = vae.fit(np.eye(4), epochs=2, verbose=0, callbacks=[checkpoint])
      ...     history = vae.fit(np.eye(4), epochs=3, verbose=0, callbacks=[checkpoint])
      ...     checkpoint.save()  # as after every epoch
      >>> history.epoch
      [0, 1, 2]
    """

    def __init__(self, filepath: Any, data: Any = None, every: int = 1) -> None:
        super().__init__()
        self.path = as_path(filepath, "filepath", "run.checkpoint")
        self.every = checks.positive_int(every, "every")
        self._data = None if data is None else _digest(data)
        self._run: dict[str, Any] = {}
        self._stateful: list[keras.callbacks.Callback] = []
        self._epochs, self._stopped = 0, False
        self._history: dict[str, list[float]] = {}

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Restores the state of the run, if there is a checkpoint."""
        del logs
        if not self.model.optimizer.built:
            self.model.optimizer.build(self.model.trainable_variables)
        self._stateful = self._callbacks_with_state()
        for callback in self._stateful:
            state.choose_direction(callback)
        self._run = self._described()
        self._epochs, self._history = 0, {}
        self.model._initial_epoch = 0
        saved = _read(self.path) if self.path.exists() else None
        self._check_workers(0 if saved is None else saved.epochs)
        if saved is not None:
            self._resume(saved)

    def _callbacks_with_state(self) -> list[keras.callbacks.Callback]:
        given = self.model.trainer.state.fit_context.callbacks
        here = given.index(self)
        for late in state.with_state(given[here:]):
            raise ValueError(
                f"`callbacks` must hold {type(late).__name__} before the Checkpoint, which saves "
                "its state; got it after."
            )
        return state.with_state(given[:here])

    def _check_workers(self, epochs: int) -> None:
        if not self.model.trainer.state.replicated:
            return
        strategy = self.model.distribute_strategy
        differs = epochs != int(agreed(strategy, tf.constant(epochs)))
        if AnyReplica(strategy)(differs):
            raise ValueError(
                f"All workers must see the same checkpoint {str(self.path)!r}; got {epochs} epochs "
                "here and another number elsewhere. Put it on a shared disk."
            )

    def _resume(self, saved: _Saved) -> None:
        for name, value in self._run.items():
            known = saved.run.get(name)
            if known != value and None not in (known, value):
                raise ValueError(
                    f"The checkpoint {str(self.path)!r} belongs to a run with another {name}. Call "
                    "`fit` with the arguments of that run, or use another file."
                )
        variables = self._state()
        for variable, array in zip(variables, saved.values[: len(variables)], strict=True):
            variable.assign(array)
        for callback, state_of_callback in zip(self._stateful, saved.callbacks, strict=True):
            state.unpack(callback, state_of_callback, saved.values)
        self._epochs, self._history = saved.epochs, saved.history
        self._stopped = saved.stopped
        self.model._initial_epoch = self.params["epochs"] if saved.stopped else saved.epochs
        self.model.history.history.update({name: [*log] for name, log in saved.history.items()})

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Adds the earlier epochs to the history."""
        del logs
        self.model.history.epoch = list(range(epoch))

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Saves a checkpoint, if one is due."""
        self._epochs = epoch + 1
        for name, value in (logs or {}).items():
            self._history.setdefault(name, []).append(float(value))
        self._stopped = bool(self.model.stop_training)
        last = self._stopped or self._epochs == self.params["epochs"]
        if last or self._epochs % self.every == 0:
            self.save()

    def on_train_end(self, logs: Mapping[str, float] | None = None) -> None:
        """Adds all epochs to the history."""
        del logs
        self.model.history.epoch = list(range(self._epochs))

    def save(self) -> None:
        """Writes the checkpoint atomically.

        Raises:
          OSError: If it cannot be written; an earlier one is left unchanged.
        """
        in_training = self.model.trainer.state.averaged.training_value
        values = [np.asarray(in_training(variable)) for variable in self._state()]
        resolver = getattr(self.model.distribute_strategy, "cluster_resolver", None)
        if resolver is not None and resolver.task_id:
            return
        described = {
            "epochs": self._epochs,
            "stopped": self._stopped,
            "history": self._history,
            "run": self._run,
            "callbacks": [state.packed(callback, values) for callback in self._stateful],
        }
        arrays = {f"value_{index}": value for index, value in enumerate(values)}
        content = io.BytesIO()
        arrays[_DESCRIPTION] = np.array(json.dumps(described))
        np.savez(content, **arrays)  # type: ignore[arg-type]
        self.path.parent.mkdir(parents=True, exist_ok=True)
        atomic_files.write(self.path, content.getvalue())

    def _state(self) -> list[Any]:
        return [*self.model.variables, *self.model.optimizer.variables]

    def _described(self) -> dict[str, Any]:
        """Returns what must be equal for the run to resume; None where it is unknown."""
        shapes = [[list(variable.shape), str(variable.dtype)] for variable in self._state()]
        optimizer = keras.saving.serialize_keras_object(self.model.optimizer)
        return {
            "model": _digest_of_text(_nameless([self.model.get_config(), shapes])),
            "optimizer": _digest_of_text(_nameless(optimizer)),
            "batch_size": self.model.trainer.state.fit_context.batch_size,
            "shuffle": self.model.trainer.state.fit_context.shuffle,
            "number of steps": self.params.get("steps"),
            "data": self._data,
            "list of callbacks with state": [
                type(callback).__name__ for callback in self._stateful
            ],
        }


def _read(path: Path) -> _Saved:
    try:
        with np.load(path, allow_pickle=False) as file:
            described = json.loads(str(file[_DESCRIPTION]))
            values = [file[f"value_{index}"] for index in range(len(file.files) - 1)]
        return _Saved(values=values, **described)
    except (ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"{str(path)!r} is no checkpoint of a run: {error}.") from error


def _digest(data: Any) -> str:
    digest = hashlib.sha256()
    for part in data if isinstance(data, tuple) else (data,):
        array = np.ascontiguousarray(checks.array(part, "data"))
        digest.update(f"{array.dtype} {array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def _digest_of_text(config: Any) -> str:
    return hashlib.sha256(json.dumps(config, sort_keys=True, default=repr).encode()).hexdigest()


def _nameless(config: Any) -> Any:
    """Returns a configuration without names, which Keras numbers within a process."""
    if isinstance(config, dict):
        return {key: _nameless(value) for key, value in config.items() if key != "name"}
    if isinstance(config, (list, tuple)):
        return [_nameless(value) for value in config]
    return config
