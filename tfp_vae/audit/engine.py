"""The engine of an audit: from a bound loss and its declaration to a report."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from tfp_vae.audit.calls.argument_names import ENCODED
from tfp_vae.audit.calls.argument_names import LATENT as LATENT_DRAW
from tfp_vae.audit.calls.blackbox import CallError, one_line, positional_count
from tfp_vae.audit.calls.layouts import ARRAYS, InLayout
from tfp_vae.audit.findings import Finding
from tfp_vae.audit.packed_arguments import (
    in_its_layout,
    takes_rows_apart,
    unpacks_rows,
    with_tuples_as_such,
)
from tfp_vae.audit.probes.binding import Binding
from tfp_vae.audit.probes.design import Design
from tfp_vae.audit.probes.loss_probe import LossProbe
from tfp_vae.audit.probes.refusals import refuse_latents
from tfp_vae.audit.reports.diagnosis import Diagnosis
from tfp_vae.audit.reports.report import AuditReport
from tfp_vae.audit.samplers.sampler import SamplerReading, probe_sampler
from tfp_vae.audit.scales.readings import Reading
from tfp_vae.audit.support import outside_support
from tfp_vae.audit.terms.broadcasting import broadcast_findings
from tfp_vae.audit.terms.constant import added_constant, constant_is_right
from tfp_vae.audit.terms.declared_changes import Declaration
from tfp_vae.audit.terms.kl_term import KLTerm, read_kl
from tfp_vae.audit.terms.likelihood_term import LikelihoodTerm, read_likelihood
from tfp_vae.audit.terms.loss_declaration import LossDeclaration
from tfp_vae.audit.terms.scaling_laws import (
    BATCH,
    LATENT,
    Size,
    aggregated_terms,
    event_axis_name,
    latent_axis_name,
    measure_scaling_laws,
    terms_are_added,
)


def run_audit(
    loss: Callable[..., Any],
    sampler: Callable[..., Any] | None,
    binding: Binding,
    declared: LossDeclaration,
    findings: Sequence[Finding] = (),
    *,
    framework: str | None = None,
    sampler_rows: int | None = None,
    known: LossProbe | None = None,
) -> AuditReport:
    """Probes a loss and its sampler, reads both, and reports.

    Args:
        loss: The loss.
        sampler: Its sampler, None if there is none.
        binding: Which argument of the loss is what.
        declared: What the loss is declared to be.
        findings: What was found before.
        framework: The framework to write the correction in, None for that of the results.
        sampler_rows: How many rows a call of the sampler draws, None for as many as it takes.
        known: The loss's probe by this declaration, where there is one already.
    """

    def audited(binding: Binding) -> tuple[AuditReport, bool]:
        probe = _probed(loss, binding, declared, known)
        if LATENT_DRAW in binding.roles and _uses_latents(probe):
            refuse_latents(binding.name_of(LATENT_DRAW))
        found = [*findings, *broadcast_findings(probe)]
        reading = _sampler_reading(sampler, probe, sampler_rows)
        diagnosis = _diagnosis(probe, declared.changes, reading, framework)
        if binding.guessed and diagnosis.kl.model is None:
            binding.refuse_guess()
        report = diagnosis.report(found, reading)
        return report, takes_rows_apart(diagnosis.laws.unmeasured.values())

    def unpacks(binding: Binding) -> bool:
        # The number of rows is one that nothing is taken apart into.
        return unpacks_rows(loss, binding, declared.design(binding.encoder_output_count, 7))

    return with_tuples_as_such(audited, binding, unpacks)


def support_findings(data: Any, likelihood: str, event_shape: tuple[int, ...]) -> list[Finding]:
    """Checks data against the support of the declared likelihood."""
    outside = None if data is None else outside_support(data, likelihood, event_shape)
    return [] if outside is None else [_support_finding(outside, likelihood)]


def _probed(
    loss: Callable[..., Any], binding: Binding, declared: LossDeclaration, known: LossProbe | None
) -> LossProbe:
    """Probes a loss, also with both outputs of the encoder or the decoder in one array."""
    count = binding.encoder_output_count
    variants = [(binding, count)]
    if count == 1:
        variants.append((binding.concatenated(), 2))
    if binding.has_event:
        variants += [(replace(b, doubled_decoder=True), n) for b, n in variants]

    def probed(variant: Binding, outputs: int) -> LossProbe:
        if known is not None and variant is known.binding:
            return known
        return declared.probe(loss, variant, outputs)

    first: ValueError | None = None
    for variant, outputs in variants:
        try:
            probe = probed(variant, outputs)
        except ValueError as error:
            if first is None:
                first = error
            continue
        if count == 1 and outputs == 1 and not _is_read(probe):
            try:
                other = in_its_layout(partial(probed, outputs=2), variants[1][0])
            except ValueError:
                return probe
            return other if _is_read(other) or _halves_differ(other) else probe
        if ENCODED in variant.roles:
            return in_its_layout(partial(probed, outputs=outputs), variant, probe)
        return probe
    assert first is not None
    raise first


def _uses_latents(probe: LossProbe) -> bool:
    point = probe.design.likelihood_points()[0]
    other = replace(probe.binding, latent_value=0.75)
    here, there = (probe.box(*b.arguments(point)) for b in (probe.binding, other))
    return not np.array_equal(here, there)


def _is_read(probe: LossProbe) -> bool:
    return read_kl(probe).model is not None


def _halves_differ(probe: LossProbe) -> bool:
    """Whether the two halves of one encoder output enter the loss in different ways."""
    atoms = read_kl(probe).atoms
    return bool(atoms) and set(atoms) - {"μ²", "μ", "|μ|", "1"} > set()


def _diagnosis(
    probe: LossProbe,
    declaration: Declaration,
    sampler: SamplerReading | None,
    framework: str | None,
) -> Diagnosis:
    of_sampler = sampler.reading if sampler is not None else None
    try:
        likelihood_term = read_likelihood(probe)
        clips = likelihood_term.in_unit_interval and likelihood_term.as_declared
        if clips or not likelihood_term.finite_beyond:
            probe.design = replace(probe.design, in_unit_interval=True)
        kl = _read_kl(probe, likelihood_term, of_sampler, declaration)
        has_both = probe.design.encoder_output_count > 0 and probe.binding.has_event
        added = not has_both or terms_are_added(probe)
        sizes = _sizes(probe.design)
        has_floor = kl.model is not None and kl.model.floor is not None
        laws = measure_scaling_laws(probe, sizes, far=has_floor)
        averaged = aggregated_terms(probe)
    except CallError as error:
        raise ValueError(
            "`loss` must accept every x in the likelihood's support; got "
            f"{type(error.__cause__).__name__}: {one_line(error.__cause__)}."
        ) from error.__cause__
    return Diagnosis(
        probe,
        likelihood_term,
        kl,
        added,
        sizes,
        laws,
        averaged,
        declaration,
        framework or probe.box.framework,
    )


def _read_kl(
    probe: LossProbe,
    likelihood: LikelihoodTerm,
    of_sampler: Reading | None,
    declaration: Declaration,
) -> KLTerm:
    """Reads the KL; one whose terms fit another variance of the prior must have its constant too.

    Without the constant, a KL with a wrong factor in one term is a KL from another prior.
    """
    has_constant = likelihood.as_declared or likelihood.absent

    def is_plausible(term: KLTerm) -> bool:
        if term.model is None:
            return True
        prior, reading = term.model.prior, term.model.reading
        if prior == declaration.prior or prior[1] == 1.0 or prior[0] != 0.0:
            return True
        # A scale of no usual form is believed of a sampler alone.
        is_known = not reading.equation or reading == of_sampler
        return is_known and has_constant and constant_is_right(probe, likelihood, term)

    kl = read_kl(probe, of_sampler, declaration.prior, is_plausible)
    floor = kl.model.floor if kl.model is not None else None
    if kl.model is None or floor is None or floor.shape != "max" or not has_constant:
        return kl
    # A hinge is a floor less its level.
    hinged = replace(kl, model=replace(kl.model, floor=replace(floor, shape="hinge")))
    if added_constant(probe, likelihood, kl) is None:
        return kl
    return hinged if added_constant(probe, likelihood, hinged) is None else kl


def _sizes(design: Design) -> list[Size]:
    axes = [Size(event_axis_name(axis), n) for axis, n in enumerate(design.event_shape) if n > 1]
    latent = [Size(LATENT, design.latent_size)]
    if design.latent_shape:
        latent = [Size(latent_axis_name(i), n) for i, n in enumerate(design.latent_shape) if n > 1]
    return [
        Size(BATCH, design.batch_size),
        *(latent if design.encoder_output_count else []),
        *axes,
    ]


def _sampler_reading(
    sampler: Callable[..., Any] | None, probe: LossProbe, rows: int | None
) -> SamplerReading | None:
    if sampler is None:
        return None
    outputs = probe.design.encoder_output_count
    count = positional_count(sampler)
    if outputs == 0 or (outputs == 1 and count is not None and count[0] == 2 and not count[1]):
        outputs = 2
    if probe.binding.layout in ARRAYS[1:] and count == (1, False):
        sampler = InLayout(sampler, probe.binding.layout)
    return probe_sampler(sampler, probe.design.latent_size, outputs, rows)


def _support_finding(outside: str, likelihood: str) -> Finding:
    fix = {
        "bernoulli": "binarise x (threshold it, or draw it anew in each epoch), or use a "
        'continuous Bernoulli for grey values in [0, 1] (likelihood="continuous_bernoulli").',
        "continuous_bernoulli": "scale x to [0, 1], for example divide bytes by 255.",
        "normal": "remove or impute the values that are NaN or infinite.",
    }[likelihood]
    return Finding.of("support", f"{outside}.", fix)
