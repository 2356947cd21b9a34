"""`tfp-vae impute`."""

from pathlib import Path
from typing import Annotated

import typer

from tfp_vae_cli.paths import check_table, check_table_output, model_file
from tfp_vae_cli.tensorflow_start import tensorflow_imported


def impute(
    model: Annotated[str, typer.Argument(help="A .keras file, or the folder of a run.")],
    data: Annotated[str, typer.Argument(help="A table with blanks, of the model's columns.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The table to write: .csv, .parquet, ...")
    ],
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the output file if it is there.")
    ] = False,
    draw: Annotated[
        bool,
        typer.Option("--draw", help="Fill in random draws, not means and medians."),
    ] = False,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The seed of the draws.")] = 0,
) -> None:
    """Fill the blanks of a table with what the model expects; other cells stay as they are."""
    model_file(model)
    check_table(data)
    check_table_output(output, overwrite)
    with tensorflow_imported():
        from tfp_vae_cli.actions import impute as action
    action.impute(model, data, output, draw, seed)
