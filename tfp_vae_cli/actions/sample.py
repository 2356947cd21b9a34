"""Samples from a model, for `tfp-vae sample`."""

import csv
import json
from pathlib import Path

import matplotlib as mpl
import numpy as np

from tfp_vae import atomic_files, plotting
from tfp_vae_cli.actions.figures import save_figure
from tfp_vae_cli.actions.inputs import read_model
from tfp_vae_cli.actions.progress import status
from tfp_vae_cli.console import BAD_USAGE, fail, out
from tfp_vae_cli.output_format import OutputFormat


def sample(
    model: str, output: Path, count: int, mean: bool, seed: int, output_format: OutputFormat
) -> None:
    """Writes draws from a saved model.

    Args:
      model: The file of the model, or the folder of a run.
      output: The file to write, which ends in .npy, .csv or .png.
      count: The number of rows.
      mean: Whether to write the mean of p(x|z) for each z, not a sample of x.
      seed: The seed of the draws.
      output_format: How to print what was written.

    Raises:
      CommandError: If the model cannot be read, or the file not be written.
    """
    vae = read_model(model)
    try:
        with status(f"Drawing {count:,} rows"):
            if output.suffix.lower() == ".png":
                mpl.use("Agg")
                save_figure(plotting.samples(vae, count, seed=seed), output)
            else:
                draws = vae.sample(count, seed=seed, mean=mean).numpy()
                with atomic_files.atomic_path(output) as aside:
                    _write(draws, aside)
    except OSError as error:
        fail(f"{str(output)!r} cannot be written: {error}.", BAD_USAGE)
    event_shape = list(vae.event_shape)
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
