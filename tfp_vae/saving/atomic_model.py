"""A Keras model whose files are written whole or not at all."""

import contextlib
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras

from tfp_vae import atomic_files
from tfp_vae.paths import as_path


class SavedWhole(keras.Model):
    """A model that a full disk, a lack of rights or a kill never leaves a half of."""

    def save(
        self, filepath: Any, overwrite: bool = True, zipped: bool | None = None, **kwargs: Any
    ) -> None:
        """Writes the model to a `.keras` file, aside first; what was there stays if that fails.

        Args:
          filepath: The file.
          overwrite: Whether a file that is there is replaced; if not, Keras asks on the terminal.
          zipped: As of Keras: whether to write an archive rather than a folder.
          **kwargs: As of `keras.Model.save`.

        Raises:
          TypeError: If `filepath` is no path.
          ValueError: If it does not end in .keras.
          OSError: If it cannot be written.

        Example:
          >>> import tempfile
          >>> with tempfile.TemporaryDirectory() as folder:
          ...     vae.save(f"{folder}/vae.keras")
          ...     loaded = keras.models.load_model(f"{folder}/vae.keras")
          >>> bool(np.all(loaded.elbo(x, seed=0).elbo == vae.elbo(x, seed=0).elbo))
          True
        """
        _check_path(filepath, ".keras", (".h5", ".hdf5") if zipped is not False else ())
        self._complete_optimizer()
        with _written(filepath, overwrite) as path:
            super().save(path, overwrite=overwrite, zipped=zipped, **kwargs)

    def save_weights(self, filepath: Any, overwrite: bool = True, **kwargs: Any) -> None:
        """Writes the weights to a `.weights.h5` file, in memory first and then aside.

        Args:
          filepath: The file.
          overwrite: Whether a file that is there is replaced; if not, Keras asks on the terminal.
          **kwargs: As of `keras.Model.save_weights`; shards are written as Keras writes them.

        Raises:
          TypeError: If `filepath` is no path.
          ValueError: If it does not end in .weights.h5.
          OSError: If it cannot be written.

        Example:
          >>> import tempfile
          >>> with tempfile.TemporaryDirectory() as folder:
          ...     vae.save_weights(f"{folder}/vae.weights.h5")
          ...     vae.load_weights(f"{folder}/vae.weights.h5")
        """
        _check_path(filepath, ".weights.h5", (".weights.json",))
        self._complete_optimizer()
        if kwargs.get("max_shard_size") is not None or _left_to_keras(filepath, overwrite):
            super().save_weights(filepath, overwrite=overwrite, **kwargs)
            return
        content = _WeightsInMemory()
        super().save_weights(content, overwrite=overwrite, **kwargs)
        atomic_files.write(filepath, content.getvalue())

    def _complete_optimizer(self) -> None:
        """Makes the state of an optimizer that has taken no step, which a loaded model has too."""
        if self.compiled and not self.optimizer.built:
            self.optimizer.build(self.trainable_variables)


class _WeightsInMemory(io.BytesIO):
    """A file in memory, which HDF5 can always close: one on a full disk ends the interpreter.

    Keras takes a file object, and asks its name for the format.
    """

    def __str__(self) -> str:
        return "in-memory.weights.h5"


def _left_to_keras(filepath: Any, overwrite: bool) -> bool:
    return "://" in str(filepath) or (not overwrite and os.path.exists(filepath))


@contextlib.contextmanager
def _written(filepath: Any, overwrite: bool) -> Iterator[Path | str]:
    """Gives Keras a place to write to; HDF5's own errors are those of the disk."""
    if _left_to_keras(filepath, overwrite):
        yield str(filepath)
        return
    try:
        with atomic_files.atomic_path(filepath) as aside:
            yield aside
    except RuntimeError as error:
        told = " ".join(str(error).split())
        raise OSError(f"{str(filepath)!r} cannot be written: {told}.") from error


def _check_path(filepath: Any, suffix: str, others: tuple[str, ...]) -> None:
    path = as_path(filepath, "filepath", f"vae{suffix}")
    if not str(path).endswith((suffix, *others)):
        raise ValueError(f"`filepath` must end in {suffix}; got {path.name[:60]!r}.")
