"""What a right likelihood is besides: its fixed scale, its optimal scale, its class weights."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tfp_vae.audit.findings import Finding
from tfp_vae.audit.reports.messages import number
from tfp_vae.audit.terms.likelihood_term import LikelihoodTerm
from tfp_vae.audit.terms.scaling_laws import BATCH
from tfp_vae.audit.terms.weights import Verdict


@dataclass(frozen=True)
class LikelihoodRemarks:
    """The remarks on a likelihood.

    Attributes:
        likelihood: The likelihood.
        verdicts: The verdicts on the weights.
        measured_batch_size: The batch size that the loss was measured at.
        batch_power: The power by which the likelihood's weight follows it.
        declared_batch_size: The batch size that is written into the loss, None for none.
    """

    likelihood: LikelihoodTerm
    verdicts: Sequence[Verdict]
    measured_batch_size: int
    batch_power: int
    declared_batch_size: int | None

    def findings(self) -> list[Finding]:
        """The remarks."""
        likelihood, form = self.likelihood, self.likelihood.form
        if form is not None and form.remark == "optimal":
            return [
                Finding.of(
                    "optimal-scale",
                    f"the term of x and d is {form.formula}, the Normal likelihood at the scale "
                    "that fits best.",
                    "nothing has to change: it has no lower bound where d can equal x exactly, "
                    "as every density.",
                )
            ]
        if likelihood.class_weights is not None:
            of_one, of_zero = likelihood.class_weights
            return [
                Finding.of(
                    "class-weight",
                    f"the cross-entropy weighs x = 1 by {number(of_one / of_zero)} against x = 0.",
                    "nothing has to change if it is meant; the loss is then no bound on -log p(x).",
                )
            ]
        scale = self.fixed_scale()
        if scale is None:
            return []
        return [
            Finding.of(
                "fixed-scale",
                f"the squared error is multiplied by {number(0.5 / scale**2)}: up to a "
                f"constant, the Normal likelihood of scale {scale:.4g}.",
                "nothing has to change if this scale is meant; otherwise choose it, or learn it "
                'with likelihoods.Normal(..., scale="shared").',
            )
        ]

    def fixed_scale(self) -> float | None:
        """The scale of a Normal likelihood that the weight of a squared error means."""
        fit = self.likelihood.fit
        if not (self.likelihood.as_declared and self.likelihood.declared.free_weight and fit):
            return None
        overall = math.prod(v.factor for v in self.verdicts if v.code == "overall-factor")
        power = self.batch_power
        batch = float(self.measured_batch_size) ** power
        shared = any(BATCH in v.exponents for v in self.verdicts if v.code == "overall-factor")
        weight = abs(fit.weight) / overall / (1.0 if shared else batch)
        written = self.declared_batch_size or next(
            (v.written_batch_size for v in self.verdicts if v.written_batch_size), None
        )
        if written is not None and not shared:
            weight *= float(written) ** power
        return 1.0 / math.sqrt(weight)

    def corrected_scale(self) -> float:
        """The scale that a correction keeps: that of the sum over the event."""
        scale = self.fixed_scale()
        if scale is None or not math.isfinite(scale):
            return 1.0
        factors = [v.factor for v in self.verdicts if v.code == "likelihood-reduction"]
        return scale * math.sqrt(math.prod(factors))
