"""Checks of the files and folders that a command is given, before anything is read."""

import os
from pathlib import Path

from tfp_vae_cli.console import BAD_USAGE, fail

DIGITS = "digits"
ARRAYS = (".npy", ".npz", ".h5", ".hdf5")
ANNDATA = ".h5ad"
TABLES = (
    *(".csv", ".tsv", ".csv.gz", ".tsv.gz"),
    *(".parquet", ".feather", ".xlsx", ".json", ".jsonl"),
)
"""The endings of tables, as `tfp_vae.tables.read` reads them."""


def data_name(source: str) -> str:
    """Returns the name of data in messages and reports.

    Args:
      source: "digits", or the path of a file or a folder of images.

    Raises:
      CommandError: If there is no such file, or it is of another kind.
    """
    if source == DIGITS:
        return DIGITS
    if os.path.isdir(source):
        return Path(source).resolve().name
    if not os.path.exists(source):
        fail(f"{source!r} is neither 'digits' nor a file.", BAD_USAGE)
    if not (is_table(source) or Path(source).suffix.lower() in {*ARRAYS, ANNDATA}):
        fail(
            f"{source!r} must be 'digits', a folder of images, or a file ending in "
            f"{', '.join((*ARRAYS, ANNDATA, *TABLES))}.",
            BAD_USAGE,
        )
    return Path(source).name.partition(".")[0] or Path(source).stem


def is_table(source: str) -> bool:
    """Returns whether a path is that of a table, by its ending."""
    return source.lower().endswith(TABLES)


def check_table(source: str) -> None:
    """Checks that a path is that of a table.

    Raises:
      CommandError: If there is no such file, or it is of another kind.
    """
    if not os.path.exists(source):
        fail(f"There is no file {source!r}.", BAD_USAGE)
    if not is_table(source):
        fail(f"{source!r} must be a table, a file ending in {', '.join(TABLES)}.", BAD_USAGE)


def check_table_output(path: Path, overwrite: bool) -> None:
    """Checks the file that a table is to be written to.

    Raises:
      CommandError: If it is of another kind, or is there and may not be overwritten.
    """
    if not is_table(str(path)):
        fail(f"--output must end in {', '.join(TABLES)}; got {path.name!r}.", BAD_USAGE)
    if path.exists() and not overwrite:
        fail(f"{str(path)!r} is there already; pass --overwrite to replace it.", BAD_USAGE)


def model_file(path: str) -> Path:
    """Returns the file of a saved model.

    Args:
      path: The file, or the folder of a run.

    Raises:
      CommandError: If there is no such file.
    """
    file = Path(path) / "vae.keras" if Path(path).is_dir() else Path(path)
    if not file.is_file():
        fail(f"There is no model at {str(file)!r}.", BAD_USAGE)
    return file


def check_output_folder(path: Path, overwrite: bool) -> None:
    """Checks the output folder of a new run.

    Args:
      path: The folder, which need not exist.
      overwrite: Whether the files of an earlier run in it may be removed.

    Raises:
      CommandError: If it is a file, or is not empty and may not be overwritten.
    """
    if path.exists() and not path.is_dir():
        fail(f"The output {str(path)!r} is a file; name a folder with --output.", BAD_USAGE)
    if path.is_dir() and any(path.iterdir()) and not overwrite:
        fail(
            f"The output folder {str(path)!r} is not empty; pass --overwrite to replace an "
            "earlier run there, or name another with --output.",
            BAD_USAGE,
        )
