"""`tfp-vae sample`."""

from pathlib import Path
from typing import Annotated

import typer

from tfp_vae_cli.console import BAD_USAGE, fail
from tfp_vae_cli.output_format import OutputFormat
from tfp_vae_cli.paths import TABLES, is_table, model_file
from tfp_vae_cli.tensorflow_start import tensorflow_imported

_SUFFIXES = (".npy", ".png")


def sample(
    model: Annotated[str, typer.Argument(help="A .keras file, or the folder of a run.")],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            help="The file to write: .npy, .csv or another table, or .png for a plot.",
        ),
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
    if not (output.suffix.lower() in _SUFFIXES or is_table(str(output))):
        fail(
            f"--output must end in .npy, .png or {', '.join(TABLES)}; got {output.name!r}.",
            BAD_USAGE,
        )
    if output.exists() and not overwrite:
        fail(f"{str(output)!r} is there already; pass --overwrite to replace it.", BAD_USAGE)
    model_file(model)
    with tensorflow_imported():
        from tfp_vae_cli.actions import sample as action
    action.sample(model, output, count, mean, seed, output_format)
