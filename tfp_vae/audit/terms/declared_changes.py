"""What a user may mean to change in the negative ELBO: a floor, a capacity, a prior, a part."""

import math
from dataclasses import dataclass

from tfp_vae.audit.findings import Finding
from tfp_vae.audit.terms.kl_model import STANDARD
from tfp_vae.audit.terms.kl_term import KLTerm
from tfp_vae.audit.terms.likelihood_term import LikelihoodTerm


@dataclass(frozen=True)
class Declaration:
    """What the loss is declared to change.

    Attributes:
        kl_weight: The weight of the KL.
        prior: The mean and the variance of the prior.
        kl_floor: The free bits, None for none.
        kl_capacity: The capacity, None for none.
        batch_size: The batch size that the loss is written for, None for any.
    """

    kl_weight: float = 1.0
    prior: tuple[float, float] = STANDARD
    kl_floor: float | None = None
    kl_capacity: float | None = None
    batch_size: int | None = None


_PLACES = {
    "latent": "each latent of each example",
    "latent-mean": "each latent, averaged over the batch",
    "example": "each example",
    "batch": "the mean over the batch",
}


def floor_findings(kl: KLTerm, declaration: Declaration) -> list[Finding]:
    """Names free bits, a capacity or a hinge, and those that were declared and are not there."""
    floor = kl.model.floor if kl.model is not None else None
    findings = []
    is_floor = floor is not None and floor.shape == "max"
    for code, declared, is_there, what in (
        ("free-bits", declaration.kl_floor, is_floor, "kl_floor"),
        ("capacity", declaration.kl_capacity, floor is not None and not is_floor, "kl_capacity"),
    ):
        if floor is None or not is_there:
            if declared and kl.model is not None:
                findings.append(
                    Finding.of(
                        code,
                        f"{what}={declared:g} was declared, but the KL has none.",
                        "put it into the loss, or leave the declaration out.",
                        severity="error",
                    )
                )
            continue
        shape = {
            "max": "max(KL, {})",
            "hinge": "max(KL - {}, 0)",
            "abs": "|KL - {}|",
        }[floor.shape].format(f"{floor.level:.5g}")
        is_met = declared is None or math.isclose(declared, floor.level, rel_tol=1e-3)
        findings.append(
            Finding.of(
                code,
                f"{shape} of {_PLACES[floor.place]}, in nats"
                + ("." if is_met else f"; {what}={declared:g} was declared."),
                "nothing has to change if it is meant."
                if is_met
                else f"write {declared:g}, or declare {what}={floor.level:.5g}.",
                severity=None if is_met else "error",
            )
        )
    return findings


def prior_findings(kl: KLTerm, declaration: Declaration) -> list[Finding]:
    """Names a prior that is not the declared one."""
    if kl.model is None or all(
        math.isclose(a, b, rel_tol=1e-4, abs_tol=1e-6)
        for a, b in zip(kl.model.prior, declaration.prior, strict=True)
    ):
        return []
    mean, variance = kl.model.prior
    declared_mean, declared_variance = declaration.prior
    evidence = (
        f"the KL is from N({mean:.5g}, {variance:.5g}), a prior of mean {mean:.5g} and variance "
        f"{variance:.5g}; declared was N({declared_mean:g}, {declared_variance:g})."
    )
    fix = (
        f"if this prior is meant, say so with prior=({mean:.5g}, {variance:.5g}), and draw z from "
        "it to generate; otherwise write the KL from the declared prior."
    )
    if math.isclose(declared_variance**2, variance, rel_tol=1e-3):
        fix = "`prior` takes the mean and the variance, not the scale. " + fix
    return [
        Finding.of(
            "prior", evidence, fix, severity=None if declaration.prior == STANDARD else "error"
        )
    ]


def part_finding(likelihood: LikelihoodTerm, weights: str) -> Finding:
    """Says which term a function is."""
    which, other = ("KL divergence", "likelihood") if likelihood.absent else ("likelihood", "KL")
    return Finding.of(
        "part",
        f"the function takes the arguments of the {which} alone"
        + (f"; {weights}." if weights else "."),
        f"audit the whole loss, or the model with audit_model, to weigh it against the {other}.",
    )
