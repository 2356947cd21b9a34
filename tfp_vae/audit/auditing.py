"""The audit: probes a loss and its sampler, fits both, and names what is wrong."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tfp_vae.audit import wording
from tfp_vae.audit.blackbox import CallError, positional_count
from tfp_vae.audit.corrected_code import (
    corrected_loss_code,
    corrected_sampler_line,
    distribution_object_code,
)
from tfp_vae.audit.findings import Finding
from tfp_vae.audit.kl_term import KLTerm, read_kl
from tfp_vae.audit.likelihood_term import LikelihoodTerm, read_likelihood
from tfp_vae.audit.measuring import LossProbe, Z, probe_loss
from tfp_vae.audit.points import Design
from tfp_vae.audit.reach import falling_rays, not_finite_at
from tfp_vae.audit.references import DECLARED_FORMS, Reading
from tfp_vae.audit.report import AuditReport
from tfp_vae.audit.sampler import SamplerReading, probe_sampler
from tfp_vae.audit.size_laws import (
    BATCH,
    LATENT,
    Size,
    SizeLaws,
    aggregated_terms,
    event_axis_name,
    measure_size_laws,
    terms_are_added,
)
from tfp_vae.audit.support import outside_support
from tfp_vae.audit.weights import Term, Verdict, judge_signs, judge_weights


def audit(
    loss: Callable[..., Any],
    sampler: Callable[..., Any] | None = None,
    *,
    likelihood: str = "bernoulli",
    decoder_output: str = "probs",
    event_shape: Sequence[int] = (784,),
    latent_size: int = 16,
    expected_kl_weight: float = 1.0,
    data: Any = None,
) -> AuditReport:
    """Reads a hand-written VAE loss back as a formula and names its mistakes.

    The loss is called eagerly on random inputs whose sizes are varied, and what it returns is
    compared with -log_prob and kl_divergence of distribution objects. Nothing is trained, and the
    loss's source text is not read.

    Args:
        loss: A function `(x, decoder_output, *encoder_outputs)` that returns a scalar or one value
            per example, written with TensorFlow, Keras or NumPy. There are up to two encoder
            outputs `[B, latent_size]`, in the order (mean, scale-like).
        sampler: The function `(*encoder_outputs)` that draws z `[B, latent_size]`, if any.
        likelihood: What the loss is meant to hold: `"bernoulli"`, `"normal"` or
            `"continuous_bernoulli"`.
        decoder_output: What the decoder gives: `"probs"`, `"logits"` or `"mean"`. The output for a
            `"normal"` likelihood is always a mean.
        event_shape: The shape of one example of x.
        latent_size: The number of latents.
        expected_kl_weight: The weight of the KL in a beta-VAE.
        data: Some real examples `[N, *event_shape]`, to be checked against the likelihood.

    Returns:
        The report; print it.

    Raises:
        TypeError: If an argument is of the wrong type, or `loss` or `sampler` returns no floats.
        ValueError: If an argument has a wrong value, or `loss` or `sampler` raises, returns a wrong
            shape or changes its inputs.

    Example:
        >>> import tensorflow as tf
        >>> from tfp_vae.audit import audit
        >>> def loss(x, p, mean, log_variance):
        ...     cross_entropy = tf.keras.losses.binary_crossentropy(x, p) * 784
        ...     kl = 0.5 * tf.reduce_mean(mean**2 + tf.exp(log_variance) - log_variance - 1, -1)
        ...     return tf.reduce_mean(cross_entropy + kl)
        >>> sorted(audit(loss).codes)
        ['kl-reduction']

    Source:
        Kingma and Welling, Auto-Encoding Variational Bayes, 2014, appendix B (the KL divergence).
    """
    event_shape = _checked_sizes(event_shape, latent_size)
    _check_declaration(likelihood, decoder_output, expected_kl_weight)
    outputs = _encoder_output_count(loss, sampler)
    findings: list[Finding] = []
    if data is not None:
        outside = outside_support(data, likelihood, event_shape)
        if outside is not None:
            findings.append(_support_finding(outside, likelihood))

    def make_design(batch_size: int) -> Design:
        return Design(likelihood, decoder_output, event_shape, latent_size, outputs, batch_size)

    probe = probe_loss(loss, make_design, ("x", "decoder_output", "mean", "s")[: 2 + outputs])
    try:
        likelihood_term = read_likelihood(probe)
        if not likelihood_term.finite_beyond:
            probe.design = replace(probe.design, in_unit_interval=True)
        kl = read_kl(probe)
        added = outputs == 0 or terms_are_added(probe)
        sizes = _sizes(probe.design)
        laws = measure_size_laws(probe, sizes)
        averaged = aggregated_terms(probe)
    except CallError as error:
        raise ValueError(
            "`loss` was expected to accept any x of the likelihood's support, but it raised "
            f"{type(error.__cause__).__name__}: {error.__cause__}"
        ) from error.__cause__
    return _Conclusion(
        probe, likelihood_term, kl, added, sizes, laws, averaged, expected_kl_weight
    ).report(findings, _sampler_reading(sampler, latent_size, outputs), sampler is not None)


def _checked_sizes(event_shape: Any, latent_size: Any) -> tuple[int, ...]:
    try:
        shape = tuple(int(n) for n in event_shape)
    except TypeError as error:
        raise TypeError(
            f"`event_shape` was expected to be a sequence of sizes, but it is {event_shape!r}."
        ) from error
    if not shape or min(shape) < 1:
        raise ValueError(
            f"`event_shape` was expected to hold sizes of at least 1, but it is {event_shape!r}."
        )
    if not isinstance(latent_size, (int, np.integer)) or latent_size < 1:
        raise ValueError(
            f"`latent_size` was expected to be an int of at least 1, but it is {latent_size!r}."
        )
    return shape


def _check_declaration(likelihood: str, decoder_output: str, expected_kl_weight: float) -> None:
    likelihoods = sorted({name for name, _ in DECLARED_FORMS})
    if likelihood not in likelihoods:
        raise ValueError(
            f"`likelihood` was expected to be one of {', '.join(likelihoods)}, but it is "
            f"{likelihood!r}."
        )
    outputs = sorted(output for name, output in DECLARED_FORMS if name == likelihood)
    if decoder_output not in outputs:
        raise ValueError(
            f"`decoder_output` was expected to be one of {', '.join(outputs)} for a {likelihood} "
            f"likelihood, but it is {decoder_output!r}."
        )
    if not (math.isfinite(expected_kl_weight) and expected_kl_weight > 0):
        raise ValueError(
            "`expected_kl_weight` was expected to be a positive number, but it is "
            f"{expected_kl_weight!r}."
        )


def _encoder_output_count(loss: Any, sampler: Any) -> int:
    for name, function in (("loss", loss), ("sampler", sampler)):
        if not callable(function) and not (name == "sampler" and function is None):
            raise TypeError(
                f"`{name}` was expected to be a function, but it is a {type(function).__name__}."
            )
    count = positional_count(loss)
    from_sampler = positional_count(sampler) if sampler is not None else None
    if count is None or (count[1] and count[0] <= 2):
        if from_sampler is not None and from_sampler[0] in (1, 2):
            return from_sampler[0]
        return 2
    if not 2 <= count[0] <= 4:
        raise TypeError(
            "`loss` was expected to be a function of (x, decoder_output, *encoder_outputs) with at "
            f"most two encoder outputs, but it takes {count[0]} arguments."
        )
    return count[0] - 2


def _sizes(design: Design) -> list[Size]:
    axes = [Size(event_axis_name(axis), n) for axis, n in enumerate(design.event_shape) if n > 1]
    latent = [Size(LATENT, design.latent_size)] if design.encoder_output_count else []
    return [Size(BATCH, design.batch_size), *latent, *axes]


def _sampler_reading(sampler: Any, latent_size: int, outputs: int) -> SamplerReading | None:
    if sampler is None:
        return None
    count = positional_count(sampler)
    known = outputs or 2
    return probe_sampler(sampler, latent_size, known if count is None or count[1] else count[0])


def _support_finding(outside: str, likelihood: str) -> Finding:
    fix = {
        "bernoulli": "binarise x (threshold it, or draw it anew in each epoch), or use a continuous "
        'Bernoulli for grey values in [0, 1] (likelihood="continuous_bernoulli").',
        "continuous_bernoulli": "scale x to [0, 1], for example divide bytes by 255.",
        "normal": "remove or impute the values that are no numbers.",
    }[likelihood]
    return Finding.of("support", f"{outside}.", fix)


class _Conclusion:
    """Turns what was read into findings."""

    def __init__(
        self,
        probe: LossProbe,
        likelihood: LikelihoodTerm,
        kl: KLTerm,
        added: bool,
        sizes: list[Size],
        laws: SizeLaws,
        averaged: tuple[bool, bool],
        expected_kl_weight: float,
    ):
        self.probe = probe
        self.likelihood = likelihood
        self.kl = kl
        self.added = added
        self.sizes = sizes
        self.laws = laws
        self.averaged = averaged
        self.expected_kl_weight = expected_kl_weight

    def report(
        self, findings: list[Finding], sampler: SamplerReading | None, has_sampler: bool
    ) -> AuditReport:
        """Collects all findings."""
        design = self.probe.design
        findings = [*findings, *self._formulas()]
        verdicts = self._verdicts()
        findings += [
            wording.verdict_finding(v, design, self.expected_kl_weight, self._shares())
            for v in verdicts
        ]
        if sampler is not None:
            findings += self._sampler(sampler)
        findings += self._reach()
        codes = {finding.code for finding in findings}
        if any(self.averaged) and "batch-reduction" not in codes:
            findings.append(self._batch_mean())
        findings += self._fixed_scale(verdicts)
        rest = self._constant()
        if rest is not None:
            findings.append(self._constant_finding(rest))
        order = {"error": 0, "warning": 1, "info": 2}
        findings.sort(key=lambda finding: order[finding.severity])
        reading = self._reading_to_keep(sampler)
        code = corrected_loss_code(
            design.likelihood,
            design.decoder_output,
            len(design.event_shape),
            reading,
            self.expected_kl_weight,
            design.encoder_output_count,
        )
        if has_sampler:
            code += "\n\n" + corrected_sampler_line(reading)
        return AuditReport(
            findings=tuple(findings),
            formula=wording.formula_in_words(
                self.likelihood, self.kl, rest, design, random=self.probe.random
            ),
            not_checked=self._not_checked(),
            not_told=self._not_told(),
            corrected_code=code,
            distribution_code=distribution_object_code(
                design.likelihood, design.event_shape, design.latent_size, self.expected_kl_weight
            ),
        )

    @property
    def _kl_is_wrong(self) -> bool:
        return self.kl.told and self.kl.finite and not self.kl.missing and self.kl.reading is None

    def _formulas(self) -> list[Finding]:
        findings = []
        if self.likelihood.told and not self.likelihood.as_declared:
            findings.append(wording.likelihood_formula_finding(self.likelihood, self.probe.design))
        if self.kl.missing:
            findings.append(
                Finding.of(
                    "kl-missing",
                    "the loss does not change with the encoder's outputs.",
                    "add the KL divergence of the posterior from the prior, summed over latents.",
                )
            )
        elif self._kl_is_wrong or not self.added:
            findings.append(
                wording.kl_formula_finding(
                    self.kl,
                    added=self.added,
                    two_outputs=self.probe.design.encoder_output_count == 2,
                )
            )
        return findings

    def _terms(self) -> tuple[Term | None, Term | None]:
        likelihood = kl = None
        fit = self.likelihood.fit
        if fit is not None and self.likelihood.told:
            likelihood = Term(
                sign=int(math.copysign(1, fit.weight)),
                weight=abs(fit.weight),
                weight_slack=Z * fit.weight_error,
                exponents=self.laws.likelihood,
                free_weight=not self.likelihood.as_declared or self.likelihood.declared.free_weight,
            )
        if not self.kl.missing and self.kl.told and self.kl.finite and self.added:
            kl_fit = self.kl.fit
            rough = max((abs(c) for n, c in self.kl.atoms.items() if n != "1"), default=0.0)
            kl = Term(
                sign=self.kl.sign,
                weight=self.kl.magnitude,
                weight_slack=Z * kl_fit.weight_error if kl_fit is not None else 0.0,
                exponents=self.laws.kl,
                rough_weight=2.0 * abs(self.kl.atoms.get("μ²", rough)) if rough else None,
            )
        return likelihood, kl

    def _verdicts(self) -> list[Verdict]:
        terms = self._terms()
        return [
            *judge_signs(*terms),
            *judge_weights(*terms, self.sizes, self.expected_kl_weight),
        ]

    def _shares(self) -> str:
        parts = []
        if self.likelihood.fit is not None:
            parts.append(f"the likelihood's weight is {wording.number(self.likelihood.fit.weight)}")
        if self.kl.fit is not None:
            parts.append(f"the KL's weight is {wording.number(self.kl.fit.weight)}")
        return " and ".join(parts)

    def _sampler(self, sampler: SamplerReading) -> list[Finding]:
        findings = []
        readings = self.kl.possible_readings
        if sampler.reading is not None and readings and sampler.reading not in readings:
            kl_name = " or ".join(r.name for r in readings)
            spreads = ", ".join(f"{sd:.3g} at s = {s:g}" for s, sd in sampler.spreads[::3])
            findings.append(
                Finding.of(
                    "scale-mismatch",
                    f"the KL is written for s = {kl_name}, but the draws' spread is {spreads}, "
                    f"which is s = {sampler.reading.name}.",
                    f"draw with the KL's scale, {corrected_sampler_line(readings[0])}, or write "
                    f"the KL for s = {sampler.reading.name}: {sampler.reading.formula}.",
                )
            )
        if sampler.faults:
            findings.append(
                Finding.of(
                    "sampler-noise",
                    "; ".join(sampler.faults) + ".",
                    corrected_sampler_line(self._reading_to_keep(sampler)) + ", with noise of the "
                    "encoder outputs' full shape, drawn anew at every call.",
                )
            )
        return findings

    def _reading_to_keep(self, sampler: SamplerReading | None) -> Reading | None:
        if self.kl.reading is not None:
            return self.kl.reading
        if sampler is not None and sampler.reading is not None:
            return sampler.reading
        return self.kl.possible_readings[0] if self.kl.possible_readings else None

    def _reach(self) -> list[Finding]:
        findings = []
        places = not_finite_at(self.probe, self.kl)
        if not self.kl.finite:
            places.append("it is not finite for ordinary encoder outputs, s in [0.1, 4]")
        if not self.likelihood.finite_beyond:
            places.append("it is not finite for ordinary decoder outputs in [-4, 4]")
        if places:
            findings.append(
                Finding.of(
                    "not-finite",
                    "; ".join(places) + ".",
                    "compute from logits (from_logits=True, tfd.Bernoulli(logits=...)), or keep the "
                    "argument of a logarithm away from 0 and that of an exponential bounded.",
                )
            )
        rays = falling_rays(self.probe, self.likelihood, self.kl)
        if rays:
            findings.append(
                Finding.of(
                    "unbounded",
                    "; ".join(rays) + ".",
                    "put the signs right; a loss without a floor runs away instead of converging.",
                )
            )
        return findings

    def _batch_mean(self) -> Finding:
        names = [n for n, a in zip(("likelihood", "KL"), self.averaged, strict=True) if a]
        return Finding.of(
            "batch-mean",
            f"changing one example changes the {' and the '.join(names)} of all others.",
            "the gradient is the same; keep one value per example and average once, so that "
            "per-example values and sample weights keep their meaning.",
        )

    def _fixed_scale(self, verdicts: list[Verdict]) -> list[Finding]:
        fit = self.likelihood.fit
        if not (self.likelihood.as_declared and self.likelihood.declared.free_weight and fit):
            return []
        overall = math.prod(v.factor for v in verdicts if v.code == "overall-factor")
        batch = float(self.probe.design.batch_size) ** self.laws.likelihood.get(BATCH, 0)
        shared = any(BATCH in v.exponents for v in verdicts if v.code == "overall-factor")
        weight = abs(fit.weight) / overall / (1.0 if shared else batch)
        scale = 1.0 / math.sqrt(weight)
        return [
            Finding.of(
                "fixed-scale",
                f"the squared error is multiplied by {wording.number(weight / 2.0)}: up to a "
                f"constant, the Normal likelihood of scale {scale:.4g}.",
                "nothing has to change if this scale is meant; otherwise choose it, or learn it "
                "(likelihoods.Normal).",
            )
        ]

    def _constant(self) -> float | None:
        fit, kl_fit = self.likelihood.fit, self.kl.fit
        if fit is None or not self.likelihood.as_declared or not self.added:
            return None
        if kl_fit is None and not self.kl.missing:
            return None
        rest = self.probe.design.resting_event()
        measured = self.probe.measure([rest])
        reference = self.likelihood.declared.negative_log_likelihood(
            rest.x[None], rest.decoder_output[None]
        )
        explained = fit.weight * float(reference[0])
        size = abs(explained)
        slack = float(measured.slack[0]) + Z * fit.weight_error * abs(float(reference[0]))
        if kl_fit is not None and self.kl.reading is not None:
            stacked = tuple(e[None] for e in rest.encoder_outputs)
            kl = float(self.kl.reading.kl_divergence(stacked)[0])
            explained += kl_fit.weight * kl
            size += abs(kl_fit.weight) * (kl + self.probe.design.latent_size)
            slack += Z * kl_fit.weight_error * kl
        remaining = float(measured.values[0]) - explained
        allowed = [0.0]
        if self.likelihood.declared.free_weight:
            allowed += self._omitted_constants(fit.weight)
        tolerated = 5e-3 * size + slack
        if any(abs(remaining - constant) <= tolerated for constant in allowed):
            return None
        return remaining

    def _omitted_constants(self, weight: float) -> list[float]:
        """The constants of a Normal log-density that a squared error leaves out, all or in part."""
        entries = math.prod(self.probe.design.event_shape)
        half_log = 0.5 * math.log(2.0 * math.pi)
        without = -weight * entries * half_log
        # Beside the plain squared error: the density of the scale that the weight names, whole.
        scale = 1.0 / math.sqrt(abs(weight))
        whole = math.copysign(1.0, weight) * entries * (math.log(scale) + half_log)
        return [without, without + whole]

    def _constant_finding(self, rest: float) -> Finding:
        return Finding.of(
            "constant",
            f"{rest:+.4g} is added to the negative ELBO.",
            "nothing has to change: a constant has no gradient. Without it the loss reads as a "
            "bound on -log p(x), in nats.",
        )

    def _not_checked(self) -> tuple[str, ...]:
        notes = [
            f"how the weights follow the {name}: {reason}"
            for name, reason in self.laws.unmeasured.items()
        ]
        notes += [
            f"how the weights follow the {name}: by no simple power"
            for name in sorted(self.laws.irregular)
        ]
        return tuple(notes)

    def _not_told(self) -> tuple[str, ...]:
        notes = []
        if not self.likelihood.told:
            notes.append("the likelihood: the loss is random, and its noise hides this term")
        if not self.kl.told:
            notes.append("the KL: the loss is random, and its noise hides this term")
        if not self.kl.finite:
            notes.append("the KL: the loss is not finite for ordinary encoder outputs")
        return tuple(notes)
