"""Reads the data and models that a command works on."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from rich.console import Console

from tfp_vae import VAE, datasets, load, tables
from tfp_vae_cli.actions.images import read_images
from tfp_vae_cli.actions.progress import status
from tfp_vae_cli.actions.tables import counted_rows
from tfp_vae_cli.console import BAD_DATA, err, fail
from tfp_vae_cli.paths import ANNDATA, DIGITS, data_name, is_table, model_file

_MOST_COLUMNS = 100
"""A wider file of numbers alone, such as one of pixels, is an array, not a table."""


class Dataset(NamedTuple):
    """Rows of data with a name.

    Attributes:
      name: Its name in messages and reports.
      x: The rows, `[N, *event_shape]`.
      labels: A label for every row, or None.
      schema: Of a table the schema by which `x` was made, or None.
      table: The table, or None.
    """

    name: str
    x: np.ndarray
    labels: np.ndarray | None
    schema: tables.Schema | None = None
    table: tables.TableFile | None = None


def read_data(
    source: str,
    console: Console = err,
    schema: tables.Schema | None = None,
    kinds: Mapping[str, str] | None = None,
    shape: Sequence[int] | None = None,
    image_size: tuple[int, int] | None = None,
) -> Dataset:
    """Reads the digits, a file or a folder of images.

    Args:
      source: "digits", or the path of a file or a folder.
      console: The console for progress.
      schema: Of a table, that of the model; None to infer it.
      kinds: The kinds of columns that are not to be inferred, by name.
      shape: The shape of the images that the model takes; None for any.
      image_size: The height and width that images are brought to; None for their own.

    Raises:
      CommandError: If there is no such data (bad usage), or it is no array of numbers (bad data).
    """
    name = data_name(source)
    if source == DIGITS:
        with status("Reading the digits", console):
            images, labels = datasets.digits()
        return Dataset(name, images, labels)
    if is_table(source):
        table = read_table(source, console)
        frame = table.frame
        is_wide = len(frame.columns) > _MOST_COLUMNS and not kinds and schema is None
        if not is_wide or frame.select_dtypes("number").shape != frame.shape:
            return _table_data(name, table, schema, kinds, console)
    try:
        with status(f"Reading {source}", console):
            if Path(source).is_dir():
                return Dataset(name, read_images(Path(source), shape, image_size, console), None)
            if Path(source).suffix.lower() == ANNDATA:
                return Dataset(name, _cells(source), None)
            return Dataset(name, datasets.from_file(source), None)
    except (ImportError, OSError, ValueError) as error:
        fail(error, BAD_DATA)


def _cells(source: str) -> np.ndarray:
    """Returns X of an AnnData as a dense array."""
    rows = datasets.from_anndata(source).x[:]
    return np.asarray(rows.toarray() if hasattr(rows, "toarray") else rows)


def read_table(source: str, console: Console = err) -> tables.TableFile:
    """Reads a table.

    Args:
      source: The path of a file.
      console: The console for progress.

    Raises:
      CommandError: If there is no such table (bad usage), or it cannot be read (bad data).
    """
    data_name(source)
    try:
        with status(f"Reading {source}", console):
            return tables.read(source)
    except (OSError, ValueError) as error:
        fail(error, BAD_DATA)


def print_how_read(table: tables.TableFile, console: Console = err) -> None:
    """Prints how a table was read, in one line."""
    rows, columns = table.frame.shape
    console.print(
        f"{table.note}; {counted_rows(rows)} of {columns} columns",
        soft_wrap=True,
        markup=False,
        highlight=False,
    )


def _table_data(
    name: str,
    table: tables.TableFile,
    schema: tables.Schema | None,
    kinds: Mapping[str, str] | None,
    console: Console,
) -> Dataset:
    try:
        file = table.path.name
        known = tables.Schema.infer(table.frame, kinds, name=file) if schema is None else schema
        x = known.encode(table.frame, file)
    except (TypeError, ValueError) as error:
        fail(in_lines(error, table), BAD_DATA)
    print_how_read(table, console)
    return Dataset(name, x, None, known, table)


def in_lines(error: Exception, table: tables.TableFile) -> str:
    """Returns the message of an error about a row of a table, with the line of its file."""
    return re.sub(r"\bin row (\d+)", lambda found: f"in {table.line(int(found[1]))}", str(error))


def read_model(path: str) -> VAE:
    """Loads a saved model, or the one in the folder of a run.

    Raises:
      CommandError: If there is no such file (bad usage), or it holds no such model (bad data).
    """
    file = model_file(path)
    try:
        with status(f"Loading {file}"):
            return load(file)
    except (OSError, ValueError) as error:
        fail(error, BAD_DATA)
