"""Measures the constant that a loss adds to its terms."""

import math

from tfp_vae.audit.kl_term import KLTerm
from tfp_vae.audit.likelihood_term import LikelihoodTerm
from tfp_vae.audit.loss_probe import LossProbe, Z
from tfp_vae.audit.probe_design import Design

_TOLERANCE = 3e-5
_SHARE_OF_KL = 1e-2


def constant_is_right(probe: LossProbe, likelihood: LikelihoodTerm, kl: KLTerm) -> bool:
    """Whether what a loss adds is small beside its KL, whatever the weight of that.

    Only the constant tells the KL from a prior of another variance from one whose logarithm or
    square has a wrong factor.

    Args:
        probe: The loss.
        likelihood: Its likelihood term.
        kl: Its KL term.
    """
    rest = added_constant(probe, likelihood, kl, is_exact=True)
    if rest is None or kl.fit is None:
        return rest is None
    return abs(rest) <= _SHARE_OF_KL * abs(kl.fit.weight) * probe.design.latent_size


def added_constant(
    probe: LossProbe, likelihood: LikelihoodTerm, kl: KLTerm, is_exact: bool = False
) -> float | None:
    """Measures what a loss adds to multiples of the declared log-likelihood and of a KL.

    Args:
        probe: The loss.
        likelihood: Its likelihood term.
        kl: Its KL term.
        is_exact: Whether even what the fits of the terms leave open counts.

    Returns:
        The constant in nats, or None if there is none, if it is the normalising constant of a
        Normal density, or if one of the terms is not as declared.
    """
    fit, kl_fit = likelihood.fit, kl.fit
    rest = probe.design.resting_event()
    if likelihood.absent and kl_fit is not None and kl.model is not None:
        divergence = float(kl.model(tuple(e[None] for e in rest.encoder_outputs))[0])
        remaining = float(probe.measure([rest]).values[0]) - kl_fit.weight * divergence
        size = abs(kl_fit.weight) * (divergence + probe.design.latent_size)
        return None if abs(remaining) <= _TOLERANCE * size else remaining
    if fit is None or not likelihood.as_declared or (kl_fit is None and not kl.missing):
        return None
    measured = probe.measure([rest])
    form = likelihood.form
    assert form is not None
    reference = float(form.negative_log_likelihood(rest.x[None], rest.decoder_output[None])[0])
    explained = fit.weight * reference
    size = abs(explained)
    slack = float(measured.slack[0]) + Z * fit.weight_error * abs(reference)
    if kl_fit is not None and kl.model is not None:
        divergence = float(kl.model(tuple(e[None] for e in rest.encoder_outputs))[0])
        explained += kl_fit.weight * divergence
        size += abs(kl_fit.weight) * (divergence + probe.design.latent_size)
        slack += Z * kl_fit.weight_error * divergence
    remaining = float(measured.values[0]) - explained
    allowed = [0.0]
    if form.remark == "optimal":
        half = 0.5 * fit.weight * math.prod(probe.design.event_shape)
        allowed += [half, half * (1.0 + math.log(2.0 * math.pi))]
    elif likelihood.declared.free_weight:
        allowed += _normalising_constants(fit.weight, probe.design)
    nearest = min((remaining - constant for constant in allowed), key=abs)
    if is_exact:
        return nearest
    return None if abs(nearest) <= _TOLERANCE * size + slack else remaining


def _normalising_constants(weight: float, design: Design) -> list[float]:
    """The constants of a squared error, and of a Normal log-density whose scale is its weight's."""
    entries = math.prod(design.event_shape)
    half_log = 0.5 * math.log(2.0 * math.pi)
    bare = -weight * entries * half_log
    scale = 1.0 / math.sqrt(abs(weight))
    whole = math.copysign(1.0, weight) * entries * (math.log(scale) + half_log)
    return [bare, bare + whole]
