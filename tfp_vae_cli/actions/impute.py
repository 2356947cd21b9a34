"""Fills the blanks of a table, for `tfp-vae impute`."""

from pathlib import Path

import numpy as np

from tfp_vae import tables
from tfp_vae_cli.actions.progress import status
from tfp_vae_cli.actions.table_model import model_and_table, write_table
from tfp_vae_cli.console import out


def impute(model: str, data: str, output: Path, draw: bool, seed: int) -> None:
    """Writes a table with its blanks filled.

    Args:
      model: The file of the model, or the folder of a run.
      data: The file of the table.
      output: The file to write.
      draw: Whether to fill in random draws, not means, medians and most probable words.
      seed: The seed of the draws.

    Raises:
      CommandError: If model or table cannot be read or do not belong together, or the file cannot
        be written.
    """
    vae, table, x = model_and_table(model, data)
    blank = np.isnan(x)
    with status(f"Filling {int(blank.sum()):,} blanks"):
        found = tables.impute(vae, table.frame, sample_size=1, seed=seed)
    write_table(found.draws[0] if draw else found.filled, output)
    counts = ", ".join(
        f"{count} of {name}"
        for name, count in zip(vae.schema.names, blank.sum(axis=0), strict=True)
        if count
    )
    out.print(
        f"Written to {output}: {int(blank.sum()):,} blanks filled{': ' if counts else ''}{counts}",
        soft_wrap=True,
        markup=False,
        highlight=False,
    )
