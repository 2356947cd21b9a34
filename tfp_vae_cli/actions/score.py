"""Scores the rows of a table, for `tfp-vae score`."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tfp_vae import tables
from tfp_vae_cli.actions.progress import status
from tfp_vae_cli.actions.table_model import model_and_table, write_table
from tfp_vae_cli.actions.tables import counted_rows
from tfp_vae_cli.console import out

_SHOWN = 3
_FEWEST_ROWS = 20


def score(model: str, data: str, output: Path, seed: int) -> None:
    """Writes a table with log p of every row, its percentile, and the columns that matter most.

    Args:
      model: The file of the model, or the folder of a run.
      data: The file of the table.
      output: The file to write.
      seed: The seed of the draws.

    Raises:
      CommandError: If model or table cannot be read or do not belong together, or the file cannot
        be written.
    """
    vae, table, x = model_and_table(model, data)
    with status(f"Scoring {counted_rows(len(x))}"):
        nats = tables.score(vae, table.frame, seed=seed)
        given_others = tables.explain(vae, table.frame, seed=seed)
    columns: dict[str, Any] = {}
    if vae.schema.score_quantiles is not None:
        columns["percentile"] = tables.percentiles(vae, nats.to_numpy()).round(1)
    columns |= _strangest(given_others)
    scores = pd.DataFrame({"nats": nats.to_numpy().round(3), **columns}, index=table.frame.index)
    write_table(pd.concat([table.frame, scores.rename(columns=_free(table.frame))], axis=1), output)
    strangest = int(np.argmin(nats.to_numpy()))
    out.print(
        f"Written to {output}: {counted_rows(len(x))}; the strangest is {table.line(strangest)}, "
        f"{nats.iloc[strangest]:.2f} nats, {scores['strangest_1'].iloc[strangest]}",
        soft_wrap=True,
        markup=False,
        highlight=False,
    )


def _strangest(given_others: pd.DataFrame) -> dict[str, list[str]]:
    """Returns for each row its least probable cells, given the others, with their nats.

    Densities depend on the unit of a column: where the table has rows enough, cells are ordered by
    how far they are below the median of their column.
    """
    values = given_others.to_numpy()
    usual = np.zeros(values.shape[1])
    if len(values) >= _FEWEST_ROWS:
        usual = np.array(
            [
                np.median(each[~np.isnan(each)]) if (~np.isnan(each)).any() else 0.0
                for each in values.T
            ]
        )
    order = np.argsort(np.where(np.isnan(values), np.inf, values - usual), axis=1)
    names = [str(name) for name in given_others.columns]
    return {
        f"strangest_{place + 1}": [
            "" if np.isnan(row[own]) else f"{names[own]} ({row[own]:.2f})"
            for row, own in zip(values, order[:, place], strict=True)
        ]
        for place in range(min(_SHOWN, len(names)))
    }


def _free(frame: pd.DataFrame) -> dict[str, str]:
    """Returns other names for new columns that the table has already."""
    taken = {str(name) for name in frame.columns}
    new = ["nats", "percentile", *(f"strangest_{place + 1}" for place in range(_SHOWN))]
    return {name: f"{name} of the model" for name in new if name in taken}
