"""The findings and the report, from the readings of a loss and its sampler."""

import math

from tfp_vae.audit.findings import SEVERITIES, Finding
from tfp_vae.audit.probes.loss_probe import LossProbe
from tfp_vae.audit.probes.measured import Z
from tfp_vae.audit.reports import messages
from tfp_vae.audit.reports.corrected_code import Correction, distribution_object_code
from tfp_vae.audit.reports.formula_messages import kl_formula_finding, likelihood_formula_finding
from tfp_vae.audit.reports.likelihood_remarks import LikelihoodRemarks
from tfp_vae.audit.reports.report import AuditReport
from tfp_vae.audit.reports.sampler_findings import sampler_findings
from tfp_vae.audit.samplers.sampler import SamplerReading
from tfp_vae.audit.terms.boundedness import falling_rays, not_finite_at
from tfp_vae.audit.terms.constant import added_constant
from tfp_vae.audit.terms.declared_changes import (
    Declaration,
    floor_findings,
    part_finding,
    prior_findings,
)
from tfp_vae.audit.terms.kl_model import KLModel
from tfp_vae.audit.terms.kl_term import KLTerm
from tfp_vae.audit.terms.likelihood_term import LikelihoodTerm
from tfp_vae.audit.terms.scaling_laws import BATCH, ScalingLaws, Size
from tfp_vae.audit.terms.weight_powers import Term
from tfp_vae.audit.terms.weights import Verdict, judge_signs, judge_weights


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
        declaration: Declaration,
        framework: str,
    ):
        self.probe = probe
        self.likelihood = likelihood
        self.kl = kl
        self.added = added
        self.sizes = sizes
        self.laws = laws
        self.averaged = averaged
        self.declaration = declaration
        self.framework = framework

    @property
    def is_part(self) -> bool:
        """Whether the function takes only one term's arguments."""
        return self.likelihood.absent or self.probe.design.encoder_output_count == 0

    def report(self, findings: list[Finding], sampler: SamplerReading | None) -> AuditReport:
        """Collects all findings."""
        design = self.probe.design
        findings = [*findings, *self._formulas()]
        verdicts = self._verdicts()
        expected = self.declaration.kl_weight
        weights = messages.weights_in_words(self.likelihood, self.kl, self.laws, design)
        findings += [messages.verdict_finding(v, design, expected, weights) for v in verdicts]
        if sampler is not None:
            findings += sampler_findings(
                self.kl, sampler, self._model_to_keep(sampler), self.framework
            )
        findings += self._boundedness()
        codes = {finding.code for finding in findings}
        if any(self._averaged) and not codes & {"batch-reduction", "broadcast"}:
            findings.append(self._batch_mean())
        findings += self._remarks(verdicts).findings()
        rest = self._rest()
        findings += prior_findings(self.kl, self.declaration)
        findings += floor_findings(self.kl, self.declaration)
        if rest is not None and not self.is_part:
            findings.append(_constant_finding(rest))
        if self.is_part:
            findings.append(part_finding(self.likelihood, weights))
        findings.sort(key=lambda finding: SEVERITIES.index(finding.severity))
        correction = Correction(
            design.likelihood,
            design.decoder_output,
            len(design.event_shape),
            self._model_to_keep(sampler),
            expected,
            design.encoder_output_count,
            self.framework,
            self.probe.binding,
            self._remarks(verdicts).corrected_scale(),
            max(len(design.latent_shape), 1),
        )
        code = correction.code()
        if sampler is not None:
            code += "\n\n" + correction.sampler_line()
        return AuditReport(
            findings=tuple(findings),
            formula=messages.formula_in_words(
                self.likelihood, self.kl, self.laws, rest, design, random=self.probe.random
            ),
            not_checked=self._not_checked(),
            undetermined=self._undetermined(),
            corrected_code=code,
            distribution_code=distribution_object_code(
                design.likelihood, design.event_shape, design.latent_size, expected
            ),
            binding=self._binding_in_words(),
        )

    def _binding_in_words(self) -> str:
        entry = self.probe.entry
        return self.probe.binding.in_words() + (f"; loss = {entry}" if entry else "")

    def _rest(self) -> float | None:
        if not self.added:
            return None
        return added_constant(self.probe, self.likelihood, self.kl)

    @property
    def _kl_is_wrong(self) -> bool:
        kl = self.kl
        is_readable = kl.resolved and kl.finite and not kl.missing and not kl.coupled
        return is_readable and self.kl.reading is None

    def _formulas(self) -> list[Finding]:
        findings = []
        likelihood = self.likelihood
        is_judged = likelihood.resolved and not likelihood.absent and not likelihood.unreadable
        if is_judged and not likelihood.as_declared:
            findings.append(likelihood_formula_finding(likelihood, self.probe.design))
        if self.kl.missing:
            if self.probe.design.encoder_output_count and self.declaration.kl_weight:
                findings.append(
                    Finding.of(
                        "kl-missing",
                        "the loss does not change with the encoder's outputs.",
                        "add the KL divergence of the posterior from the prior, summed over "
                        "latents.",
                    )
                )
        elif self._kl_is_wrong or (not self.added and not likelihood.unreadable):
            findings.append(
                kl_formula_finding(
                    self.kl,
                    added=self.added or likelihood.unreadable,
                    two_outputs=self.probe.design.encoder_output_count == 2,
                )
            )
        return findings

    def _terms(self) -> tuple[Term | None, Term | None]:
        likelihood = kl = None
        fit = self.likelihood.fit
        if fit is not None and self.likelihood.resolved:
            form = self.likelihood.form
            free = self.likelihood.declared.free_weight and form is not None
            likelihood = Term(
                sign=int(math.copysign(1, fit.weight)),
                weight=abs(fit.weight),
                weight_slack=Z * fit.weight_error,
                exponents=self.laws.likelihood,
                free_weight=not self.likelihood.as_declared
                or (free and form is not None and form.remark != "optimal")
                or (form is not None and form.remark == "class-weight"),
            )
        is_read = self.kl.resolved and self.kl.finite and not self.kl.coupled
        if not self.kl.missing and is_read and self.added:
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
        likelihood, kl = self._terms()
        signs = judge_signs(likelihood, kl)
        if self.likelihood.unreadable:
            # Beside a term that cannot be read, no weight can be called wrong, and a sign only
            # if the other term was seen to grow with the misfit.
            return signs if self.laws.likelihood_rises else []
        if self.kl.coupled:
            return []
        expected = self.declaration.kl_weight
        if expected == 0.0:
            weights = [Verdict("kl-weight", kl.weight or 1.0)] if kl is not None else []
            return [*signs, *weights]
        weights = judge_weights(likelihood, kl, self.sizes, expected, self.declaration.batch_size)
        if self.is_part:
            weights = [v for v in weights if v.code not in ("kl-weight", "likelihood-weight")]
        return [*signs, *weights]

    def _model_to_keep(self, sampler: SamplerReading | None) -> KLModel | None:
        if self.kl.model is not None:
            return self.kl.model
        if sampler is not None and sampler.reading is not None:
            return KLModel(sampler.reading, self.declaration.prior)
        readings = self.kl.possible_readings
        return KLModel(readings[0], self.declaration.prior) if readings else None

    @property
    def _averaged(self) -> tuple[bool, bool]:
        """Which of (likelihood, KL) are averaged over rows that add up without each other."""
        likelihood, kl = self.averaged
        return likelihood, kl and not self.kl.coupled

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
        names = [n for n, a in zip(("likelihood", "KL"), self._averaged, strict=True) if a]
        return Finding.of(
            "batch-mean",
            f"changing one example changes the {' and the '.join(names)} of all others.",
            "the gradient is the same; keep one value per example and average once, so that "
            "per-example values and sample weights keep their meaning.",
        )

    def _remarks(self, verdicts: list[Verdict]) -> LikelihoodRemarks:
        design, power = self.probe.design, self.laws.likelihood.get(BATCH, 0)
        return LikelihoodRemarks(
            self.likelihood, verdicts, design.batch_size, power, self.declaration.batch_size
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
        if self.likelihood.unreadable:
            questions.append(
                "the likelihood: the term of x and d is no multiple of a log-likelihood that the "
                "audit knows; neither it nor the weight of the KL against it is judged"
            )
        if self.kl.coupled:
            questions.append(
                "the KL: the term of the encoder's outputs couples the rows of a batch, as a "
                "maximum mean discrepancy (MMD, InfoVAE) does, and is no function of each row's "
                "mean and scale; neither it nor a weight beside it is judged"
            )
        if not self.kl.resolved:
            questions.append("the KL: the loss is random, and its noise hides this term")
        if not self.kl.finite:
            questions.append("the KL: the loss is not finite for ordinary encoder outputs")
        return tuple(questions)


def _constant_finding(rest: float) -> Finding:
    return Finding.of(
        "constant",
        f"{rest:+.4g} is added to the negative ELBO.",
        "nothing has to change: a constant has no gradient. Without it the loss reads as a "
        "bound on -log p(x), in nats.",
    )
