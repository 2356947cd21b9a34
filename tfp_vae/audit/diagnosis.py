"""The findings and the report, from the readings of a loss and its sampler."""

import math

from tfp_vae.audit import messages
from tfp_vae.audit.boundedness import falling_rays, not_finite_at
from tfp_vae.audit.constant import added_constant
from tfp_vae.audit.corrected_code import (
    corrected_loss_code,
    corrected_sampler_line,
    distribution_object_code,
)
from tfp_vae.audit.findings import SEVERITIES, Finding
from tfp_vae.audit.kl_term import KLTerm
from tfp_vae.audit.likelihood_term import LikelihoodTerm
from tfp_vae.audit.loss_probe import LossProbe, Z
from tfp_vae.audit.references import Reading
from tfp_vae.audit.report import AuditReport
from tfp_vae.audit.sampler import SamplerReading
from tfp_vae.audit.scaling_laws import BATCH, ScalingLaws, Size
from tfp_vae.audit.weights import Term, Verdict, judge_signs, judge_weights


class Diagnosis:
    """Turns the readings of a loss and its sampler into findings."""

    def __init__(
        self,
        probe: LossProbe,
        likelihood: LikelihoodTerm,
        kl: KLTerm,
        added: bool,
        sizes: list[Size],
        laws: ScalingLaws,
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
        weights = messages.weights_in_words(self.likelihood, self.kl, self.laws, design)
        findings += [
            messages.verdict_finding(v, design, self.expected_kl_weight, weights) for v in verdicts
        ]
        if sampler is not None:
            findings += self._sampler(sampler)
        findings += self._boundedness()
        codes = {finding.code for finding in findings}
        if any(self.averaged) and "batch-reduction" not in codes:
            findings.append(self._batch_mean())
        findings += self._fixed_scale(verdicts)
        rest = None
        if self.added:
            rest = added_constant(self.probe, self.likelihood, self.kl)
        if rest is not None:
            findings.append(self._constant_finding(rest))
        findings.sort(key=lambda finding: SEVERITIES.index(finding.severity))
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
            formula=messages.formula_in_words(
                self.likelihood, self.kl, self.laws, rest, design, random=self.probe.random
            ),
            not_checked=self._not_checked(),
            undetermined=self._undetermined(),
            corrected_code=code,
            distribution_code=distribution_object_code(
                design.likelihood, design.event_shape, design.latent_size, self.expected_kl_weight
            ),
        )

    @property
    def _kl_is_wrong(self) -> bool:
        is_readable = self.kl.resolved and self.kl.finite and not self.kl.missing
        return is_readable and self.kl.reading is None

    def _formulas(self) -> list[Finding]:
        findings = []
        if self.likelihood.resolved and not self.likelihood.as_declared:
            findings.append(messages.likelihood_formula_finding(self.likelihood, self.probe.design))
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
                messages.kl_formula_finding(
                    self.kl,
                    added=self.added,
                    two_outputs=self.probe.design.encoder_output_count == 2,
                )
            )
        return findings

    def _terms(self) -> tuple[Term | None, Term | None]:
        likelihood = kl = None
        fit = self.likelihood.fit
        if fit is not None and self.likelihood.resolved:
            likelihood = Term(
                sign=int(math.copysign(1, fit.weight)),
                weight=abs(fit.weight),
                weight_slack=Z * fit.weight_error,
                exponents=self.laws.likelihood,
                free_weight=not self.likelihood.as_declared or self.likelihood.declared.free_weight,
            )
        if not self.kl.missing and self.kl.resolved and self.kl.finite and self.added:
            kl_fit = self.kl.fit
            kl = Term(
                sign=self.kl.sign,
                weight=self.kl.magnitude,
                weight_slack=Z * kl_fit.weight_error if kl_fit is not None else 0.0,
                exponents=self.laws.kl,
                rough_weight=self.kl.rough_magnitude,
            )
        return likelihood, kl

    def _verdicts(self) -> list[Verdict]:
        terms = self._terms()
        return [
            *judge_signs(*terms),
            *judge_weights(*terms, self.sizes, self.expected_kl_weight),
        ]

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

    def _boundedness(self) -> list[Finding]:
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
                    "compute from logits (from_logits=True, tfd.Bernoulli(logits=...)), or keep "
                    "the argument of a logarithm away from 0 and that of an exponential bounded.",
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
                f"the squared error is multiplied by {messages.number(weight / 2.0)}: up to a "
                f"constant, the Normal likelihood of scale {scale:.4g}.",
                "nothing has to change if this scale is meant; otherwise choose it, or learn it "
                'with likelihoods.Normal(..., scale="shared").',
            )
        ]

    def _constant_finding(self, rest: float) -> Finding:
        return Finding.of(
            "constant",
            f"{rest:+.4g} is added to the negative ELBO.",
            "nothing has to change: a constant has no gradient. Without it the loss reads as a "
            "bound on -log p(x), in nats.",
        )

    def _not_checked(self) -> tuple[str, ...]:
        failed = [
            f"how the weights follow the {name}: {reason}"
            for name, reason in self.laws.unmeasured.items()
        ]
        irregular = [
            f"how the weights follow the {name}: by no simple power"
            for name in sorted(self.laws.irregular)
        ]
        return (*failed, *irregular)

    def _undetermined(self) -> tuple[str, ...]:
        questions = []
        if not self.likelihood.resolved:
            questions.append("the likelihood: the loss is random, and its noise hides this term")
        if not self.kl.resolved:
            questions.append("the KL: the loss is random, and its noise hides this term")
        if not self.kl.finite:
            questions.append("the KL: the loss is not finite for ordinary encoder outputs")
        return tuple(questions)
