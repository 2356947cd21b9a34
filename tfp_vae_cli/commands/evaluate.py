"""`tfp-vae evaluate`."""

from pathlib import Path
from typing import Annotated

import typer

from tfp_vae_cli.output_format import OutputFormat
from tfp_vae_cli.paths import data_name, model_file
from tfp_vae_cli.tensorflow_start import tensorflow_imported


def evaluate(
    model: Annotated[str, typer.Argument(help="A .keras file, or the folder of a run.")],
    data: Annotated[
        str, typer.Argument(help="'digits', a file or a folder of images, as of train.")
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="The folder of the report and its plots; 'evaluation' beside the model if not "
            "given.",
        ),
    ] = None,
    report: Annotated[
        bool,
        typer.Option("--report/--no-report", help="Whether to write report.html and plots."),
    ] = True,
    sample_size: Annotated[
        int, typer.Option("--sample-size", min=1, help="Posterior samples per row.")
    ] = 1,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The seed of the draws.")] = 0,
    output_format: Annotated[
        OutputFormat, typer.Option("--format", help="A table to read, or JSON for a script.")
    ] = OutputFormat.table,
) -> None:
    """Evaluate the ELBO of data, and write a report with plots that opens in a browser."""
    model_file(model)
    data_name(data)
    with tensorflow_imported():
        from tfp_vae_cli.actions import evaluate as action
    action.evaluate(model, data, output, report, sample_size, seed, output_format)
