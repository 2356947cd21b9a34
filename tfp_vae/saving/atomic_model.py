"""Atomic writing of model files: a full disk or a kill never leaves a partial file."""

import contextlib
import io
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras

from tfp_vae import atomic_files
from tfp_vae.paths import as_path

_TAKES_FILE_OBJECTS = tuple(map(int, keras.__version__.split(".")[:2])) >= (3, 10)
"""Whether this Keras writes weights into a file object."""


@contextlib.contextmanager
def whole_model(filepath: Any, overwrite: bool) -> Iterator[Path | str]:
    """Gives Keras a temporary path for a `.keras` file, and renames it at the end.

    Args:
      filepath: The file.
      overwrite: Whether an existing file is replaced.

    Raises:
      TypeError: If `filepath` is no path.
      ValueError: If it does not end in .keras.
      OSError: If it cannot be written; errors of HDF5 become this one.
    """
    _check_path(filepath, ".keras")
    if _left_to_keras(filepath, overwrite):
        yield str(filepath)
        return
    try:
        with atomic_files.atomic_path(filepath) as aside:
            yield aside
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise OSError(f"{str(filepath)!r} cannot be written: {reason}.") from error


@contextlib.contextmanager
def whole_weights(filepath: Any, overwrite: bool, sharded: bool) -> Iterator[Any]:
    """Gives Keras a file in memory for weights, and writes it atomically to the disk.

    Keras before 3.10 gets a file in the folder for temporary files.

    Args:
      filepath: The file.
      overwrite: Whether an existing file is replaced.
      sharded: Whether Keras writes several files; these are not written atomically.

    Raises:
      TypeError: If `filepath` is no path.
      ValueError: If it does not end in .weights.h5.
      OSError: If it cannot be written.
    """
    _check_path(filepath, ".weights.h5", ".weights.json")
    if sharded or _left_to_keras(filepath, overwrite):
        yield filepath
        return
    if not _TAKES_FILE_OBJECTS:
        with tempfile.TemporaryDirectory() as folder:
            aside = Path(folder) / "aside.weights.h5"
            yield aside
            atomic_files.write(filepath, aside.read_bytes())
        return
    content = _WeightsInMemory()
    yield content
    atomic_files.write(filepath, content.getvalue())


class _WeightsInMemory(io.BytesIO):
    """A file in memory: HDF5 crashes the interpreter where it closes one on a full disk.

    Keras takes the format of a file object from its name.
    """

    def __str__(self) -> str:
        return "in-memory.weights.h5"


def _left_to_keras(filepath: Any, overwrite: bool) -> bool:
    return "://" in str(filepath) or (not overwrite and os.path.exists(filepath))


def _check_path(filepath: Any, suffix: str, *others: str) -> None:
    path = as_path(filepath, "filepath", f"vae{suffix}")
    if not str(path).endswith((suffix, *others)):
        raise ValueError(f"`filepath` must end in {suffix}; got {path.name[:60]!r}.")
