"""AnnData: a matrix of cells by genes, and its columns of observations as a condition."""

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tfp_vae.error_text import described
from tfp_vae.paths import as_path


class AnnotatedRows(NamedTuple):
    """Rows of an AnnData, for `vae.fit(rows.x, rows.y)`.

    Attributes:
      x: The matrix, `[N, D]`: an array, a sparse matrix, or rows in the file of a backed AnnData.
      y: The codes of the categories, or the numbers, of every row, `[N]`; or None.
      categories: What the codes stand for, in their order; or None.

    Example:
      >>> import anndata, scipy.sparse
      >>> cells = anndata.AnnData(scipy.sparse.csr_matrix(np.ones([4, 3])))
      >>> datasets.from_anndata(cells).x.shape
      (4, 3)
    """

    x: Any
    y: np.ndarray | None
    categories: list[Any] | None


def from_anndata(
    source: Any, layer: str | None = None, condition: str | None = None
) -> AnnotatedRows:
    """Takes the rows of an AnnData, and a column of its observations as their condition.

    A sparse matrix stays sparse, and the `X` of a file stays there; `fit`, `evaluate`,
    `encode` and `VAE.for_data` read it as they go, and counts stay whole numbers. Latents belong
    into `obsm`: `adata.obsm["X_vae"] = vae.encode(rows.x)`.

    Args:
      source: An `anndata.AnnData`, or the path of an `.h5ad` file.
      layer: The layer to take, such as "counts"; None for `X`.
      condition: The column of `obs` to take, such as "batch". Categories, texts and truth values
        become codes from 0, for `keras.layers.CategoryEncoding` or `Embedding`; numbers stay.

    Returns:
      An `AnnotatedRows` of `x`, `y` and `categories`.

    Raises:
      ImportError: If anndata is not installed.
      FileNotFoundError: If there is no such file.
      TypeError: If `source` is neither an AnnData nor a path.
      ValueError: If there is no such layer or column, the column has a blank, or the file is
        broken.

    Example:
      >>> import anndata
      >>> cells = anndata.AnnData(np.ones([3, 2]))
      >>> cells.obs["batch"] = ["b", "a", "b"]
      >>> x, y, categories = datasets.from_anndata(cells, condition="batch")
      >>> y, categories
      (array([1, 0, 1]), ['a', 'b'])
    """
    anndata = _anndata()
    cells = _read(anndata, source) if isinstance(source, (str, Path)) else source
    if not isinstance(cells, anndata.AnnData):
        raise TypeError(
            "`source` must be an anndata.AnnData, or the path of an .h5ad file; got "
            f"{described(source)}."
        )
    if layer is not None:
        _check_known(layer, list(cells.layers), "layer", "a layer")
    x = cells.X if layer is None else cells.layers[layer]
    if x is None:
        raise ValueError(f"`layer` must be given, since X is empty; got None.{_some(cells.layers)}")
    if condition is None:
        return AnnotatedRows(x, None, None)
    _check_known(condition, list(cells.obs.columns), "condition", "a column of obs")
    return AnnotatedRows(x, *_coded(cells.obs[condition], condition))


def _anndata() -> Any:
    try:
        return importlib.import_module("anndata")
    except ImportError as error:
        raise ImportError(
            'An AnnData needs anndata: install it with `pip install "tfp-vae[anndata]"`.'
        ) from error


def _read(anndata: Any, source: str | Path) -> Any:
    path = as_path(source, "source", "cells.h5ad")
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {str(path)!r}.")
    try:
        return anndata.read_h5ad(path, backed="r")
    except Exception as error:
        # anndata and h5py raise many kinds of errors for broken files.
        reason = " ".join(str(error).split())[:200].rstrip(".")
        raise ValueError(f"{str(path)!r} cannot be read as .h5ad: {reason}.") from error


def _check_known(name: Any, names: Sequence[str], argument: str, what: str) -> None:
    if not any(isinstance(name, type(each)) and name == each for each in names):
        shown = repr(name) if isinstance(name, str) else described(name)
        raise ValueError(f"`{argument}` must be {what}; got {shown}.{_some(names)}")


def _some(names: Any) -> str:
    """Returns a sentence of the names that there are."""
    listed = [repr(name) for name in names]
    if not listed:
        return " There is none."
    return f" There {'is' if len(listed) == 1 else 'are'} {', '.join(listed[:9])}."


def _coded(column: Any, name: str) -> tuple[np.ndarray, list[Any] | None]:
    """Returns numbers as they are, and anything else as codes, with what they stand for."""
    if column.isna().any():
        raise ValueError(
            f"`condition` must be a column without blanks; got {name!r} with "
            f"{int(column.isna().sum())} of {len(column)} blank."
        )
    if column.dtype.kind in "iuf":
        return column.to_numpy(), None
    categories = column.astype("category").cat
    return categories.codes.to_numpy().astype(np.int64), list(categories.categories)
