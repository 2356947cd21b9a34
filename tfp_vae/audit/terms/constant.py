"""Measures the constant that a loss adds to its terms."""

import math
from typing import NamedTuple

from tfp_vae.audit.probes.design import Design
from tfp_vae.audit.probes.loss_probe import LossProbe
from tfp_vae.audit.probes.measured import Z
from tfp_vae.audit.terms.kl_term import KLTerm
from tfp_vae.audit.terms.likelihood_term import LikelihoodTerm

_TOLERANCE = 3e-5
_SHARE_OF_KL = 1e-2


class _Remainder(NamedTuple):
    """What a loss holds beside multiples of a log-likelihood and a KL, at an event at rest.

    Attributes:
        value: The whole of it, in nats.
        unknown: What of it is no constant of a density.
        tolerance: How much of it the fits of the terms leave open.
    """

    value: float
    unknown: float
    tolerance: float


def constant_is_right(probe: LossProbe, likelihood: LikelihoodTerm, kl: KLTerm) -> bool:
    """Whether what a loss adds is small beside its KL, whatever the weight of that.

    Only the constant tells the KL from a prior of another variance from one whose logarithm or
    square has a wrong factor.

    Args:
        probe: The loss.
        likelihood: Its likelihood term.
        kl: Its KL term.
    """
    rest = _remainder(probe, likelihood, kl)
    if rest is None or kl.fit is None:
        return rest is None
    return abs(rest.unknown) <= _SHARE_OF_KL * abs(kl.fit.weight) * probe.design.latent_size


def added_constant(probe: LossProbe, likelihood: LikelihoodTerm, kl: KLTerm) -> float | None:
    """Measures what a loss adds to multiples of the declared log-likelihood and of a KL.

    Args:
        probe: The loss.
        likelihood: Its likelihood term.
        kl: Its KL term.

    Returns:
        The constant in nats, or None if there is none, if it is the normalising constant of a
        Normal density, or if one of the terms is not as declared.
    """
    rest = _remainder(probe, likelihood, kl)
    return None if rest is None or abs(rest.unknown) <= rest.tolerance else rest.value


def _remainder(probe: LossProbe, likelihood: LikelihoodTerm, kl: KLTerm) -> _Remainder | None:
    """Measures what a loss adds to its terms; None if one of them is not as declared."""
    fit, kl_fit = likelihood.fit, kl.fit
    is_kl_alone = likelihood.absent and kl_fit is not None and kl.model is not None
    has_terms = fit is not None and likelihood.as_declared
    if not is_kl_alone and (not has_terms or (kl_fit is None and not kl.missing)):
        return None
    rest = probe.design.resting_event()
    measured = probe.measure([rest])
    explained = size = slack = 0.0
    if kl_fit is not None and kl.model is not None:
        divergence = float(kl.model(tuple(e[None] for e in rest.encoder_outputs))[0])
        explained += kl_fit.weight * divergence
        size += abs(kl_fit.weight) * (divergence + probe.design.latent_size)
        slack += Z * kl_fit.weight_error * divergence
    if is_kl_alone:
        value = float(measured.values[0]) - explained
        return _Remainder(value, value, _TOLERANCE * size)
    form = likelihood.form
    assert fit is not None
    assert form is not None
    reference = float(form.negative_log_likelihood(rest.x[None], rest.decoder_output[None])[0])
    explained += fit.weight * reference
    size += abs(fit.weight * reference)
    slack += float(measured.slack[0]) + Z * fit.weight_error * abs(reference)
    value = added = float(measured.values[0]) - explained
    allowed = [0.0]
    if form.remark == "optimal":
        half = 0.5 * fit.weight * math.prod(probe.design.event_shape)
        allowed += [half, half * (1.0 + math.log(2.0 * math.pi))]
    elif likelihood.declared.free_weight:
        constants = _normalising_constants(fit.weight, probe.design)
        allowed += constants
        # A squared error is written without the constant of a density.
        added -= constants[0]
    unknown = min((value - constant for constant in allowed), key=abs)
    return _Remainder(added, unknown, _TOLERANCE * size + slack)


def _normalising_constants(weight: float, design: Design) -> list[float]:
    """The constants of a squared error, and of a Normal log-density whose scale is its weight's.

    The latter also without its log 2π, as PyTorch's `gaussian_nll_loss` has it.
    """
    entries = math.prod(design.event_shape)
    half_log = 0.5 * math.log(2.0 * math.pi)
    bare = -weight * entries * half_log
    scale = 1.0 / math.sqrt(abs(weight))
    whole = math.copysign(1.0, weight) * entries * (math.log(scale) + half_log)
    without_two_pi = math.copysign(1.0, weight) * entries * math.log(scale)
    return [bare, bare + whole, bare + without_two_pi]
