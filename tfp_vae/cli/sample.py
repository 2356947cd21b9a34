"""`tfp-vae sample`."""

import csv
import json
from pathlib import Path
from typing import Annotated

import matplotlib as mpl
import numpy as np
import typer

from tfp_vae import atomic_files, plotting
from tfp_vae.cli.console import BAD_USAGE, fail, out
from tfp_vae.cli.figures import save_figure
from tfp_vae.cli.inputs import read_model
from tfp_vae.cli.output_format import OutputFormat
from tfp_vae.cli.progress import status

_SUFFIXES = (".npy", ".csv", ".png")


def sample(
    model: Annotated[str, typer.Argument(help="A .keras file, or the folder of a run.")],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="The file to write: .npy, .csv, or .png for a plot."),
    ] = Path("samples.npy"),
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the output file if it is there.")
    ] = False,
    count: Annotated[int, typer.Option("--count", "-n", min=1, help="The number of rows.")] = 32,
    mean: Annotated[
        bool,
        typer.Option("--mean", help="Return the mean of p(x|z) for each z, not a sample of x."),
    ] = False,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The seed of the draws.")] = 0,
    output_format: Annotated[
        OutputFormat, typer.Option("--format", help="A line to read, or JSON for a script.")
    ] = OutputFormat.table,
) -> None:
    """Sample rows from a model; a plot shows their means."""
    suffix = output.suffix.lower()
    if suffix not in _SUFFIXES:
        fail(f"--output must end in .npy, .csv or .png; got {output.name!r}.", BAD_USAGE)
    if output.exists() and not overwrite:
        fail(f"{str(output)!r} is there already; pass --overwrite to replace it.", BAD_USAGE)
    vae = read_model(model)
    try:
        with status(f"Drawing {count:,} rows"):
            if suffix == ".png":
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
