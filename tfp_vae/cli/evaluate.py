"""`tfp-vae evaluate`."""

from typing import Annotated

import typer

from tfp_vae import evaluation
from tfp_vae.cli.console import BAD_DATA, fail
from tfp_vae.cli.formats import Format
from tfp_vae.cli.sources import read_data, read_model
from tfp_vae.cli.tables import print_json, print_summary


def evaluate(
    model: Annotated[str, typer.Argument(help="A .keras file, or the folder of a run.")],
    data: Annotated[str, typer.Argument(help="'digits', or a .npy, .npz or .csv file of rows.")],
    sample_size: Annotated[
        int, typer.Option("--sample-size", min=1, help="Draws from the posterior for every row.")
    ] = 1,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The seed of the draws.")] = 0,
    output_format: Annotated[
        Format, typer.Option("--format", help="A table to read, or JSON for a script.")
    ] = Format.table,
) -> None:
    """Score data under a model: the evidence lower bound and its two terms."""
    vae = read_model(model)
    source = read_data(data)
    try:
        summary = evaluation.elbo(vae, source.x, sample_size=sample_size, seed=seed)
    except (TypeError, ValueError) as error:
        fail(f"{source.name}: {error}", BAD_DATA)
    if output_format is Format.json:
        print_json(summary, len(source.x))
    else:
        print_summary(summary, f"{source.name}, {len(source.x)} rows")
