"""Readers of rows that are no array: of a file, a sparse matrix or a PyTorch dataset, or ragged."""

import itertools
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from tfp_vae import checks, shapes
from tfp_vae.training.data.ragged_reader import RaggedReader

_MOST_GAP_BYTES = 2**16
_MOST_RUN_BYTES = 2**24
_BYTES = 4


class RowReader(Protocol):
    """Reads rows by their indices.

    Attributes:
      shape: The shape of all rows, `[N, *event]`.
    """

    shape: tuple[int, ...]

    def rows(self, indices: np.ndarray) -> np.ndarray:
        """Reads the rows with ascending, distinct indices `[M]`, as an array `[M, *event]`."""


class SparseReader:
    """Reads rows of a SciPy sparse matrix as dense ones.

    Args:
      matrix: The matrix, `[N, D]`, of any format.
    """

    def __init__(self, matrix: Any) -> None:
        self._matrix = matrix.tocsr()
        self.shape = tuple(matrix.shape)

    def rows(self, indices: np.ndarray) -> np.ndarray:
        """Reads rows as an array `[M, D]` of the matrix's dtype."""
        dense: np.ndarray = self._matrix[indices].toarray()
        return dense


class SliceReader:
    """Reads rows of what gives them by slices, such as an `h5py.Dataset`.

    Rows that lie near each other are read together.

    Args:
      stored: The rows, `[N, *event]`, with a `shape`.
      as_array: Turns what a slice gives into an array.
      rows_in_chunk: The number of rows that the storage reads together.
    """

    def __init__(
        self, stored: Any, as_array: Callable[[Any], np.ndarray], rows_in_chunk: int = 1
    ) -> None:
        self._stored, self._as_array = stored, as_array
        self.shape = tuple(stored.shape)
        row_bytes = _BYTES * max(1, shapes.size_of(self.shape[1:]))
        self._most_gap = max(rows_in_chunk, _MOST_GAP_BYTES // row_bytes)
        self._most_span = max(rows_in_chunk, _MOST_RUN_BYTES // row_bytes)

    def rows(self, indices: np.ndarray) -> np.ndarray:
        """Reads rows as an array `[M, *event]`."""
        return np.concatenate([self._run(run) for run in self._runs(indices)])

    def _run(self, indices: np.ndarray) -> np.ndarray:
        first = int(indices[0])
        block = self._as_array(self._stored[first : int(indices[-1]) + 1])
        taken: np.ndarray = block[indices - first]
        return taken

    def _runs(self, indices: np.ndarray) -> Iterator[np.ndarray]:
        begin = 0
        for at in range(1, len(indices)):
            far = indices[at] - indices[at - 1] > self._most_gap
            if far or indices[at] - indices[begin] >= self._most_span:
                yield indices[begin:at]
                begin = at
        yield indices[begin:]


class ZarrReader:
    """Reads rows of a `zarr.Array`, which finds the chunks by itself.

    Args:
      stored: The array, `[N, *event]`.
    """

    def __init__(self, stored: Any) -> None:
        self._stored = stored
        self.shape = tuple(stored.shape)

    def rows(self, indices: np.ndarray) -> np.ndarray:
        """Reads rows as an array `[M, *event]`."""
        return np.asarray(self._stored.oindex[indices])


class TorchReader:
    """Reads the items of a map-style `torch.utils.data.Dataset`.

    Args:
      dataset: The dataset, of x or of tuples (x, y).
      name: The caller's name for it.
      part: Which part of an item is read, 0 for x and 1 for y.

    Raises:
      TypeError: If an item holds no numbers, or no such part.
    """

    def __init__(self, dataset: Any, name: str, part: int = 0) -> None:
        self._dataset, self._part = dataset, part
        first = self._item(0) if len(dataset) else np.zeros([0])
        self.shape = (len(dataset), *checks.array(first, name).shape)

    def rows(self, indices: np.ndarray) -> np.ndarray:
        """Reads items as an array `[M, *event]`."""
        return np.stack([self._item(int(index)) for index in indices])

    def _item(self, index: int) -> Any:
        item = self._dataset[index]
        if isinstance(item, (tuple, list)):
            item = item[self._part]
        return item if isinstance(item, Mapping) else np.asarray(item)


def reader_of(x: Any, name: str, row_shape: tuple[int, ...] | None = None) -> RowReader | None:
    """Returns a reader of stored rows; None if `x` is none of them.

    Args:
      x: A `tf.RaggedTensor`, a SciPy sparse matrix, an `h5py.Dataset`, a `zarr.Array`, a sparse
        matrix in the file of a backed AnnData, or a map-style `torch.utils.data.Dataset`; or
        anything else.
      name: The caller's name for `x`.
      row_shape: The shape of the rows that are wanted, or None if that is unknown.

    Raises:
      TypeError: If `x` holds rows that cannot be read one by one.
      ValueError: If its file is closed, or its rows cannot be filled up to that shape.
    """
    if isinstance(x, tf.RaggedTensor):
        return RaggedReader(x, name, row_shape[0] if row_shape else None)
    if hasattr(x, "tocsr") and hasattr(x, "shape"):
        return SparseReader(x)
    if _is_a(x, "h5py", "Dataset"):
        if not x:
            raise ValueError(f"`{name}` must be a dataset of an open file; got one that is closed.")
        chunks = x.chunks or (1,)
        return SliceReader(x, np.asarray, chunks[0]) if x.shape else None
    if _is_a(x, "h5py", "Group") or _is_a(x, "zarr", "Group"):
        raise TypeError(
            f"`{name}` must be one array of a file, such as file['x']; got a {type(x).__name__} of "
            f"{', '.join(map(repr, itertools.islice(x, 9))) if x else 'none'}."
        )
    if _is_a(x, "zarr", "Array"):
        return ZarrReader(x)
    if _is_a(x, "anndata.abc", "CSRDataset"):
        return SliceReader(x, lambda rows: rows.toarray())
    if _is_a(x, "anndata.abc", "CSCDataset"):
        raise TypeError(
            f"`{name}` must be stored by rows; got a {type(x).__name__}, which is stored by "
            f"columns: pass `{name}.to_memory()`."
        )
    if _is_a(x, "anndata", "AnnData"):
        raise TypeError(
            f"`{name}` must be a matrix of an AnnData, such as adata.X or adata.layers['counts']; "
            "got the whole AnnData."
        )
    if _is_a(x, "torch.utils.data", "Dataset"):
        if _is_a(x, "torch.utils.data", "IterableDataset") or not hasattr(x, "__len__"):
            raise TypeError(
                f"`{name}` must be a PyTorch Dataset with a length, whose items have an index, or "
                f"a DataLoader; got a {type(x).__name__}: pass a DataLoader of it."
            )
        return TorchReader(x, name)
    return None


def torch_targets(x: Any) -> TorchReader | None:
    """Returns a reader of the y of a map-style PyTorch dataset of pairs; None for anything else."""
    if not _is_a(x, "torch.utils.data", "Dataset") or not hasattr(x, "__len__") or not len(x):
        return None
    first = x[0]
    if not isinstance(first, (tuple, list)) or len(first) < 2:
        return None
    return TorchReader(x, "y", part=1)


def is_torch_loader(x: Any) -> bool:
    """Returns whether `x` is a `torch.utils.data.DataLoader`."""
    return _is_a(x, "torch.utils.data", "DataLoader")


def batches_in(loader: Any) -> int | None:
    """Returns the number of batches of a `DataLoader`; None if its dataset has no length."""
    return None if _is_a(loader.dataset, "torch.utils.data", "IterableDataset") else len(loader)


def _is_a(x: Any, module: str, name: str) -> bool:
    """Returns whether `x` is an instance of a class of a module, if that is imported at all."""
    kind = getattr(sys.modules.get(module), name, None)
    return kind is not None and isinstance(x, kind)
