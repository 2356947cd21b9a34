"""`tfp-vae audit`."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tfp_vae_cli.console import BAD_USAGE, fail
from tfp_vae_cli.function_reference import check_reference
from tfp_vae_cli.output_format import OutputFormat
from tfp_vae_cli.paths import data_name
from tfp_vae_cli.tensorflow_start import tensorflow_imported


class Likelihood(StrEnum):
    """The likelihood that the loss is declared to have."""

    bernoulli = "bernoulli"
    normal = "normal"
    continuous_bernoulli = "continuous_bernoulli"


class DecoderOutput(StrEnum):
    """What the decoder returns."""

    probs = "probs"
    logits = "logits"
    mean = "mean"


def audit(
    loss: Annotated[
        str,
        typer.Argument(
            help="module:function, the loss: (x, decoder_output, mean, scale-like) to a scalar or "
            "one value per example."
        ),
    ],
    sampler: Annotated[
        str | None,
        typer.Option("--sampler", help="module:function, the sampler: (mean, scale-like) to z."),
    ] = None,
    likelihood: Annotated[
        Likelihood, typer.Option("--likelihood", help="The likelihood that the loss is to have.")
    ] = Likelihood.bernoulli,
    decoder_output: Annotated[
        DecoderOutput, typer.Option("--decoder-output", help="What the decoder returns.")
    ] = DecoderOutput.probs,
    event_shape: Annotated[
        str, typer.Option("--event-shape", help="The shape of one example, such as 784 or 28,28,1.")
    ] = "784",
    latent_size: Annotated[
        int, typer.Option("--latent-size", min=1, help="The number of latents.")
    ] = 16,
    kl_weight: Annotated[
        float, typer.Option("--kl-weight", help="The weight of the KL in a beta-VAE.")
    ] = 1.0,
    data: Annotated[
        Path | None, typer.Option("--data", help="Some real examples: a .npy, .npz or .csv file.")
    ] = None,
    output_format: Annotated[
        OutputFormat, typer.Option("--format", help="A report to read, or JSON for a script.")
    ] = OutputFormat.table,
) -> None:
    """Read a hand-written loss back as a formula, and name its mistakes.

    Ends with 0 if there is none, 1 if there are findings, 2 if the loss could not be read.
    """
    sizes = event_shape.strip("[]() ").split(",")
    if not all(size.strip().isdigit() for size in sizes if size.strip()):
        fail(f"--event-shape must be sizes such as 784 or 28,28,1; got {event_shape!r}.", BAD_USAGE)
    check_reference(loss, "loss")
    if sampler is not None:
        check_reference(sampler, "sampler")
    if data is not None:
        data_name(str(data))
    with tensorflow_imported():
        from tfp_vae_cli.actions import audit as action
    code = action.audit(
        loss,
        sampler,
        likelihood.value,
        decoder_output.value,
        [int(size) for size in sizes if size.strip()],
        latent_size,
        kl_weight,
        data,
        output_format,
    )
    raise typer.Exit(code)
