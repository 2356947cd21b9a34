"""The range of a real decoder's outputs, and what it says about the likelihood."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from tfp_vae.audit.calls.frameworks import as_numpy
from tfp_vae.audit.findings import Finding
from tfp_vae.audit.models.cuts import leaves_of, shape_of
from tfp_vae.audit.models.probe import ModelProbe
from tfp_vae.audit.models.steps import as_input
from tfp_vae.audit.probes.binding import Binding
from tfp_vae.audit.probes.loss_probe import LossProbe
from tfp_vae.audit.terms.likelihood_term import read_likelihood
from tfp_vae.audit.terms.loss_declaration import LossDeclaration

_ROWS = 64
# Draws of z far outside the prior too, where a bounded activation saturates.
_SPREADS = (1.0, 10.0, 1e3, 1e5)


def decoder_range(probe: ModelProbe) -> tuple[float, float] | None:
    """The least and the largest output of the real decoder; None if it cannot be called alone."""
    z = probe.decoder.inputs[0]
    whole = shape_of(z) if z is not None else None
    if whole is None:
        return None
    shape = whole[1:]
    rng = np.random.default_rng(31)
    lowest, highest = np.inf, -np.inf
    for spread in _SPREADS:
        draws = spread * rng.normal(size=(_ROWS, *shape))
        try:
            result = probe.decoder.function(as_input(draws, probe.framework))
            result = probe.decoder.of_result(result)
            output = as_numpy(leaves_of(result)[0])
        except Exception:
            # A decoder that needs more than z is not asked.
            return None
        if not np.all(np.isfinite(output)):
            continue
        lowest, highest = min(lowest, float(output.min())), max(highest, float(output.max()))
    return (lowest, highest) if np.isfinite(lowest) else None


def _in_unit_interval(real_range: tuple[float, float] | None) -> bool:
    return real_range is not None and real_range[0] >= 0.0 and real_range[1] <= 1.0


def inferred_declaration(
    loss: Callable[..., Any],
    binding: Binding,
    declared: LossDeclaration,
    likelihood: str | None,
    decoder_output: str | None,
    real_range: tuple[float, float] | None,
) -> tuple[LossDeclaration, LossProbe | None]:
    """Declares the likelihood that a loss is measured to have, and returns the probe that it took.

    Args:
        loss: The loss.
        binding: Which argument of it is what.
        declared: The declaration, in which the likelihood and the decoder's output are guesses.
        likelihood: The likelihood, if it is declared.
        decoder_output: What the decoder returns, if it is declared.
        real_range: The range of the real decoder's outputs, None if it is not known.
    """
    bounded = _in_unit_interval(real_range) or real_range is None
    outputs = ("probs", "logits") if bounded else ("logits", "probs")
    guesses = [("bernoulli", output) for output in outputs]
    guesses += [("normal", "mean"), *(("continuous_bernoulli", output) for output in outputs)]
    candidates = [
        replace(declared, likelihood=a, decoder_output=b)
        for a, b in guesses
        if likelihood in (None, a) and decoder_output in (None, b)
    ] or [declared]
    for candidate in candidates:
        try:
            probe = candidate.probe(loss, binding)
            if read_likelihood(probe).as_declared:
                real = _with_real_output(candidate, decoder_output, real_range)
                return real, probe if real == candidate else None
        except (ValueError, TypeError):
            continue
    return candidates[0], None


def _with_real_output(
    declared: LossDeclaration,
    decoder_output: str | None,
    real_range: tuple[float, float] | None,
) -> LossDeclaration:
    """The declaration by the real decoder: probabilities only where its outputs are some."""
    if decoder_output is not None or declared.likelihood == "normal" or real_range is None:
        return declared
    is_squashed = real_range[1] <= 1.0 and real_range[0] >= -1.0
    real = "probs" if is_squashed else "logits"
    return replace(declared, decoder_output=real)


def range_findings(
    declared: LossDeclaration, real_range: tuple[float, float] | None, rows: np.ndarray
) -> list[Finding]:
    """Names a decoder whose outputs are no probabilities, and data outside [0, 1]."""
    if declared.likelihood == "normal":
        return []
    findings = []
    if declared.decoder_output != "logits" and real_range is not None and real_range[0] < 0.0:
        findings.append(
            Finding.of(
                "likelihood-formula",
                f"the decoder's outputs reach from {real_range[0]:.3g} to {real_range[1]:.3g}, as "
                "those of tanh do, and are no probabilities.",
                "give the decoder a sigmoid, or return logits and say from_logits=True.",
            )
        )
    low, high = float(rows.min()), float(rows.max())
    if low < 0.0 or high > 1.0:
        findings.append(
            Finding.of(
                "support",
                f"the values of x reach from {low:g} to {high:g}, outside [0, 1].",
                "scale x to [0, 1], for example divide bytes by 255.",
            )
        )
    return findings
