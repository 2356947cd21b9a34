"""The findings of an audit: one code per mistake, with its severity and its title."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "info"]

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")

CODES: dict[str, tuple[Severity, str]] = {
    "loss-sign": ("error", "The whole loss has the wrong sign: this is the ELBO, to be maximised"),
    "kl-sign": ("error", "The KL divergence enters the loss with the wrong sign"),
    "kl-weight": ("error", "The KL divergence is multiplied by a wrong number"),
    "kl-reduction": (
        "error",
        "The KL divergence is scaled by a size instead of summed over latents",
    ),
    "kl-formula": ("error", "The KL's terms are no KL divergence, however s is read"),
    "kl-missing": ("error", "There is no KL divergence in the loss"),
    "scale-mismatch": (
        "error",
        "The sampler and the KL read the second encoder output differently",
    ),
    "sampler-noise": ("error", "The sampler's noise is not standard normal times the scale"),
    "likelihood-sign": ("error", "The log-likelihood enters the loss with the wrong sign"),
    "likelihood-reduction": (
        "error",
        "The log-likelihood is scaled by a size instead of summed over the event",
    ),
    "likelihood-weight": ("error", "The log-likelihood is multiplied by a wrong number"),
    "likelihood-formula": ("error", "This is not the log-likelihood of the declared distribution"),
    "batch-reduction": ("error", "The weight of one term against the other follows the batch size"),
    "batch-mean": ("info", "One term is averaged over the batch before the other is added"),
    "overall-factor": ("info", "The negative ELBO times a positive factor"),
    "fixed-scale": ("info", "Squared error: a Normal likelihood with a fixed scale"),
    "constant": ("info", "Right up to an added constant"),
    "free-bits": ("info", "The KL divergence has a floor: free bits"),
    "capacity": ("info", "The KL divergence is drawn to a capacity"),
    "prior": ("warning", "The KL divergence is from another prior than was declared"),
    "optimal-scale": ("info", "Squared error at its optimal scale: a calibrated Normal likelihood"),
    "class-weight": ("info", "The halves of the cross-entropy have weights of their own"),
    "part": ("info", "This function is one term of a loss"),
    "broadcast": ("error", "Terms of different shapes are added, and broadcast"),
    "support": ("error", "The data lie outside the likelihood's support"),
    "not-finite": ("error", "NaN or infinity for finite inputs that a network can reach"),
    "unbounded": ("warning", "The loss has no lower bound: it falls forever"),
}


@dataclass(frozen=True)
class Finding:
    """One finding of an audit.

    Attributes:
        code: The finding's short name, a key of `tfp_vae.audit.findings.CODES`.
        severity: `"error"` (the loss is wrong), `"warning"` or `"info"`.
        title: The mistake, in one line.
        evidence: The measured numbers that show it.
        fix: What to write instead.

    Example:
        >>> finding = tfp_vae.Finding.of("kl-sign", "the KL's factor is -1.000", "subtract it")
        >>> finding.severity, finding.title
        ('error', 'The KL divergence enters the loss with the wrong sign')
    """

    code: str
    severity: Severity
    title: str
    evidence: str
    fix: str

    @classmethod
    def of(
        cls, code: str, evidence: str, fix: str, *, severity: Severity | None = None
    ) -> "Finding":
        """Makes the finding of `code`, whose severity and title stand in `CODES`.

        Args:
            code: A key of `tfp_vae.audit.findings.CODES`.
            evidence: The measured numbers that show it.
            fix: What to write instead.
            severity: Another severity than the code's own, for a declaration that was not met.

        Returns:
            The finding.
        """
        usual, title = CODES[code]
        return cls(code, severity or usual, title, evidence, fix)
