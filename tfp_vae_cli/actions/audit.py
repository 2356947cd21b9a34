"""Audits a loss, for `tfp-vae audit`."""

import json
from collections.abc import Sequence
from pathlib import Path

from tfp_vae.audit import audit as audit_loss
from tfp_vae.audit import load_callable
from tfp_vae_cli.actions.inputs import read_data
from tfp_vae_cli.actions.progress import status
from tfp_vae_cli.console import BAD_USAGE, fail, out
from tfp_vae_cli.output_format import OutputFormat


def audit(
    loss: str,
    sampler: str | None,
    likelihood: str,
    decoder_output: str,
    event_shape: Sequence[int],
    latent_size: int,
    kl_weight: float,
    data: Path | None,
    output_format: OutputFormat,
) -> int:
    """Prints the report on a loss.

    Args:
      loss: `module:function`, the loss.
      sampler: `module:function`, the sampler, or None.
      likelihood: The likelihood that the loss is declared to have.
      decoder_output: What the decoder returns.
      event_shape: The shape of one example.
      latent_size: The number of latents.
      kl_weight: The weight of the KL divergence that the loss is declared to have.
      data: A file of real examples, or None.
      output_format: How to print the report.

    Returns:
      The exit code: 0 if there are no findings, else 1.

    Raises:
      CommandError: If the loss, the sampler or the data cannot be read.
    """
    examples = None if data is None else read_data(str(data)).x
    try:
        with status(f"Auditing {loss}"):
            report = audit_loss(
                load_callable(loss, "loss"),
                None if sampler is None else load_callable(sampler, "sampler"),
                likelihood=likelihood,
                decoder_output=decoder_output,
                event_shape=event_shape,
                latent_size=latent_size,
                expected_kl_weight=kl_weight,
                data=examples,
            )
    except (ImportError, TypeError, ValueError) as error:
        fail(error, BAD_USAGE)
    text = (
        json.dumps(report.to_dict(), ensure_ascii=False)
        if output_format is OutputFormat.json
        else str(report)
    )
    out.print(text, markup=False, soft_wrap=True)
    return report.exit_code
