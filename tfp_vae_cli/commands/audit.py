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
            help="module:name or file.py:name, a loss, a model, or a function that makes a model."
        ),
    ],
    sampler: Annotated[
        str | None,
        typer.Option("--sampler", help="module:function, the sampler: (mean, scale-like) to z."),
    ] = None,
    likelihood: Annotated[
        Likelihood | None,
        typer.Option(
            "--likelihood",
            help="The likelihood that the loss is to have: bernoulli if not given; of a model, "
            "what it is measured to have.",
            show_default=False,
        ),
    ] = None,
    decoder_output: Annotated[
        DecoderOutput | None,
        typer.Option(
            "--decoder-output",
            help="What the decoder returns: probs if not given; of a model, what it is seen to.",
            show_default=False,
        ),
    ] = None,
    event_shape: Annotated[
        str | None,
        typer.Option(
            "--event-shape",
            help="The shape of one example, such as 784 or 28,28,1: 784, or the model's own.",
            show_default=False,
        ),
    ] = None,
    latent_size: Annotated[
        int, typer.Option("--latent-size", min=1, help="The number of latents of a loss.")
    ] = 16,
    arguments: Annotated[
        list[str] | None,
        typer.Option("--set", help="A constant, such as epoch=10, or a name, such as x=batch."),
    ] = None,
    returns: Annotated[
        str | None, typer.Option("--returns", help="The entry of a tuple or dict that is the loss.")
    ] = None,
    encoder: Annotated[
        str | None, typer.Option("--encoder", help="The name of a model's encoder.")
    ] = None,
    decoder: Annotated[
        str | None, typer.Option("--decoder", help="The name of a model's decoder.")
    ] = None,
    latents: Annotated[
        str | None,
        typer.Option("--latents", help="The names of the layers of mean and scale, with a comma."),
    ] = None,
    step: Annotated[
        str | None, typer.Option("--step", help="The method of a model that returns its loss.")
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option("--batch-size", help="A batch size written into the loss.")
    ] = None,
    prior: Annotated[
        str, typer.Option("--prior", help="The prior's mean and variance, with a comma.")
    ] = "0,1",
    kl_floor: Annotated[
        float | None, typer.Option("--kl-floor", help="The free bits, in nats.")
    ] = None,
    kl_capacity: Annotated[
        float | None, typer.Option("--kl-capacity", help="The capacity, in nats.")
    ] = None,
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
    """Read a hand-written loss, or a whole model, back as a formula, and name its mistakes.

    Ends with 0 if there is none, 1 if there are findings, 2 if the loss could not be read.
    """
    sizes = None if event_shape is None else _sizes(event_shape)
    moments = [float(part) for part in prior.split(",") if _is_number(part)]
    if len(moments) != 2:
        fail(f"--prior must be a mean and a variance such as 0,1; got {prior!r}.", BAD_USAGE)
    given = dict(_argument(text) for text in arguments or ())
    check_reference(loss, "loss")
    if sampler is not None:
        check_reference(sampler, "sampler")
    if data is not None:
        data_name(str(data))
    with tensorflow_imported():
        from tfp_vae_cli.actions import audit as action
    code = action.audit(
        action.Request(
            loss=loss,
            sampler=sampler,
            likelihood=None if likelihood is None else likelihood.value,
            decoder_output=None if decoder_output is None else decoder_output.value,
            event_shape=sizes,
            latent_size=latent_size,
            parts={
                "encoder": encoder,
                "decoder": decoder,
                "latents": None if latents is None else latents.split(","),
                "step": step,
            },
            declared={
                "arguments": given or None,
                "returns": int(returns) if returns is not None and returns.isdigit() else returns,
                "batch_size": batch_size,
                "prior": (moments[0], moments[1]),
                "kl_floor": kl_floor,
                "kl_capacity": kl_capacity,
                "expected_kl_weight": kl_weight,
            },
            data=data,
        ),
        output_format,
    )
    raise typer.Exit(code)


def _sizes(event_shape: str) -> list[int]:
    sizes = event_shape.strip("[]() ").split(",")
    if not all(size.strip().isdigit() for size in sizes if size.strip()):
        fail(f"--event-shape must be sizes such as 784 or 28,28,1; got {event_shape!r}.", BAD_USAGE)
    return [int(size) for size in sizes if size.strip()]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _argument(text: str) -> tuple[str, float | int | str]:
    name, equals, value = text.partition("=")
    if not (equals and name and value):
        fail(f"--set must be of the form name=value; got {text!r}.", BAD_USAGE)
    if value.lstrip("-").isdigit():
        return name, int(value)
    return name, float(value) if _is_number(value) else value
