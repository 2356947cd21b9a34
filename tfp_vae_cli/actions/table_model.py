"""A model of a table, a table for it, and the table that a command writes."""

from pathlib import Path

import numpy as np
import pandas as pd

from tfp_vae import VAE, tables
from tfp_vae_cli.actions.inputs import in_lines, print_how_read, read_model, read_table
from tfp_vae_cli.console import BAD_DATA, BAD_USAGE, fail


def model_and_table(model: str, data: str) -> tuple[VAE, tables.TableFile, np.ndarray]:
    """Reads a model of a table, and a table with its columns.

    Returns:
      The model, the table, and its array `[N, D]`.

    Raises:
      CommandError: If one cannot be read, or they do not belong together.
    """
    vae = read_model(model)
    if vae.schema is None:
        fail(f"The model at {model!r} is of an array, not of a table with columns.", BAD_DATA)
    table = read_table(data)
    try:
        x = tables.rows_of(vae, table.frame, Path(data).name)
    except (TypeError, ValueError) as error:
        fail(in_lines(error, table), BAD_DATA)
    print_how_read(table)
    return vae, table, x


def write_table(frame: pd.DataFrame, output: Path) -> None:
    """Writes a table.

    Raises:
      CommandError: If it cannot be written.
    """
    try:
        tables.write(frame, output)
    except ValueError as error:
        fail(error, BAD_USAGE)
    except OSError as error:
        fail(f"{str(output)!r} cannot be written: {error}.", BAD_USAGE)
