"""Refuses a loss whose arguments cannot be bound."""

from collections.abc import Mapping, Sequence
from typing import NoReturn

from tfp_vae.audit.calls.argument_names import (
    DECODER,
    DECODER_LOG_VARIANCE,
    ENCODED,
    LATENT,
    MEAN,
    SECOND,
    X,
)

PRINTED = {
    X: "x",
    DECODER: "the decoder's output",
    DECODER_LOG_VARIANCE: "the decoder's log-variance",
    MEAN: "the mean μ",
    SECOND: "the second output s",
    ENCODED: "both encoder outputs [B, 2Z]",
    LATENT: "z",
}


def refuse_latents(name: str | None) -> NoReturn:
    """Refuses a loss that uses a draw of z that it is given.

    Raises:
        TypeError: Always.
    """
    raise TypeError(
        "`loss` must be a function of the encoder's and the decoder's outputs; got "
        f"{name!r}, a draw of z, which the audit cannot tie to them: hand over "
        "the whole model with audit_model, or draw z inside the loss."
    )


def refuse(
    names: Sequence[str], roles: Mapping[str, str], unknown: Sequence[str], clashes: Sequence[str]
) -> NoReturn:
    """Refuses a loss whose arguments cannot be told apart.

    Args:
        names: The arguments.
        roles: What some of them were taken for.
        unknown: Those whose names tell nothing.
        clashes: What several of them were taken for.

    Raises:
        TypeError: Always.
    """
    if len(names) < 2 or (len(names) > 4 and not roles):
        raise TypeError(
            "`loss` must be a function of (x, decoder_output, *encoder_outputs) with at most two "
            f"encoder outputs; got one of {len(names)} arguments"
            + (
                f": if {names[0]} is a list, hand over lambda x, decoder_output, mean, s: "
                "loss([x, decoder_output, mean, s]), the list in the order that the loss takes."
                if len(names) == 1
                else "."
            )
        )
    if clashes:
        same = [name for name in names if roles.get(name) == clashes[0]]
        told = f"{' and '.join(same)} could both be {PRINTED[clashes[0]]}"
    elif unknown:
        told = f"{', '.join(unknown)} could be anything"
    else:
        told = f"{', '.join(names)} alone"
    raise TypeError(
        "`loss` must have arguments that can be told apart; got "
        f'{told}: name them, as in arguments={{"x": "...", "decoder_output": "..."}}, and give '
        'constants their values, as in arguments={"epoch": 10}.'
    )
