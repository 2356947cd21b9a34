"""Samples from a model, for `tfp-vae sample`."""

import csv
import json
from pathlib import Path

import matplotlib as mpl
import numpy as np

from tfp_vae import atomic_files, plotting, tables
from tfp_vae_cli.actions.figures import save_figure
from tfp_vae_cli.actions.inputs import read_model
from tfp_vae_cli.actions.progress import status
from tfp_vae_cli.actions.tables import counted_rows
from tfp_vae_cli.console import BAD_USAGE, fail, out
from tfp_vae_cli.output_format import OutputFormat


def sample(
    model: str, output: Path, count: int, mean: bool, seed: int, output_format: OutputFormat
) -> None:
    """Writes draws from a saved model.

    Args:
      model: The file of the model, or the folder of a run.
      output: The file to write: .npy, .csv or .png; of a table also what tables are written to.
      count: The number of rows.
      mean: Whether to write the mean of p(x|z) for each z, not a sample of x.
      seed: The seed of the draws.
      output_format: How to print what was written.

    Raises:
      CommandError: If the model cannot be read, or the file not be written.
    """
    vae = read_model(model)
    try:
        with status(f"Drawing {counted_rows(count)}"):
            if output.suffix.lower() == ".png":
                mpl.use("Agg")
                save_figure(plotting.samples(vae, count, seed=seed), output)
            elif vae.schema is not None and output.suffix.lower() != ".npy":
                draws = vae.schema.decode(vae.sample(count, seed=seed, mean=mean).numpy())
                tables.write(draws, output)
            else:
                draws = vae.sample(count, seed=seed, mean=mean).numpy()
                with atomic_files.atomic_path(output) as aside:
                    _write(draws, aside)
    except ValueError as error:
        fail(error, BAD_USAGE)
    except OSError as error:
        fail(f"{str(output)!r} cannot be written: {error}.", BAD_USAGE)
    event_shape = list(vae.event_shape)
    if vae.schema is not None and output_format is not OutputFormat.json:
        left_out = [str(each.name) for each in vae.schema if each.kind is tables.Kind.IDENTIFIER]
        names = f", without {', '.join(left_out)}, which name rows" if left_out else ""
        codes = ""
        if output.suffix.lower() == ".npy":
            codes = ", as the numbers that the model sees; for words and units write a .csv"
        out.print(
            f"Written to {output}: {counted_rows(count)} with the columns of the table{names}"
            f"{codes}",
            soft_wrap=True,
            markup=False,
        )
        return
    if output_format is OutputFormat.json:
        record = {"output": str(output), "draws": count, "event_shape": event_shape}
        out.print(json.dumps(record), soft_wrap=True, markup=False)
    else:
        out.print(f"Written to {output}: {count} draws of {event_shape}", soft_wrap=True)


def _write(draws: np.ndarray, output: Path) -> None:
    if output.suffix.lower() == ".npy":
        np.save(output, draws)
        return
    with output.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(draws.reshape(len(draws), -1).tolist())
