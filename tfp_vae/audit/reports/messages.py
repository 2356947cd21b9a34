"""The text of a report: the formula, and the evidence and the fix of each verdict."""

import math
from collections.abc import Callable, Mapping

from tfp_vae.audit.findings import Finding
from tfp_vae.audit.probes.design import Design
from tfp_vae.audit.terms.kl_term import KLTerm
from tfp_vae.audit.terms.likelihood_term import LikelihoodTerm
from tfp_vae.audit.terms.scaling_laws import BATCH, LATENT, ScalingLaws, event_axis_name, is_latent
from tfp_vae.audit.terms.weights import Verdict

_UNITS = {BATCH: "batch size", LATENT: "latent size"}


def number(value: float) -> str:
    """A short form of a number, such as 2, 0.5, 1/784 or 0.00025."""
    if value == 0.0 or not math.isfinite(value):
        return f"{value:g}"
    for denominator in (1, 2, 3, 4):
        if abs(value * denominator - round(value * denominator)) < 1e-6 * abs(value * denominator):
            whole = round(value * denominator)
            if whole and denominator == 1:
                return f"{whole}"
            if whole:
                return f"{whole / denominator:.4g}"
    inverse = 1.0 / value
    if abs(inverse) > 1.5 and abs(inverse - round(inverse)) < 1e-4 and abs(inverse) < 1e5:
        return f"{'-' if inverse < 0 else ''}1/{abs(round(inverse))}"
    return f"{value:.4g}"


def in_sizes(exponents: Mapping[str, int], design: Design) -> str:
    """A product of sizes to their powers, in words: "1 / event size"."""
    powers: dict[str, int] = {}
    axes = {_short(n, design): p for n, p in exponents.items() if n not in _UNITS and p}
    long_axes = [i for i, n in enumerate(design.event_shape) if n > 1]
    of_latents = any(is_latent(name) for name in axes)
    if axes and len(set(axes.values())) == 1 and len(axes) == len(long_axes) and not of_latents:
        powers["event size"] = next(iter(axes.values()))
    else:
        powers |= axes
    powers |= {_UNITS[n]: p for n, p in exponents.items() if n in _UNITS and p}

    def power(name: str, exponent: int) -> str:
        return name if exponent == 1 else f"{name}^{exponent}"

    above = " · ".join(power(n, p) for n, p in powers.items() if p > 0)
    below = " · ".join(power(n, -p) for n, p in powers.items() if p < 0)
    return f"{above or '1'} / {below}" if below else above


def _short(name: str, design: Design) -> str:
    """The name of a size; the last axis of an image holds its channels."""
    last = event_axis_name(len(design.event_shape) - 1)
    if len(design.event_shape) == 3 and name == last and design.event_shape[-1] <= 4:
        return "number of channels"
    return name


def formula_in_words(
    likelihood: LikelihoodTerm,
    kl: KLTerm,
    laws: ScalingLaws,
    rest: float | None,
    design: Design,
    *,
    random: bool,
) -> str:
    """What the loss was measured to compute."""
    batches = (laws.likelihood.get(BATCH, 0), laws.kl.get(BATCH, 0))
    of_likelihood, of_kl = (in_sizes({BATCH: p}, design) + " · " if p else "" for p in batches)
    per_batch = [float(design.batch_size) ** p for p in batches]
    parts = []
    if likelihood.form is not None and likelihood.fit is not None:
        weight = likelihood.fit.weight / per_batch[0]
        parts.append((weight, f"{of_likelihood}[{likelihood.form.formula}]"))
    elif not likelihood.missing and not likelihood.absent:
        parts.append((1.0, "(a term of x and d that is no known log-likelihood)"))
    if kl.model is not None and kl.fit is not None:
        parts.append((kl.fit.weight / per_batch[1], f"{of_kl}[{kl.model.formula}]"))
    elif kl.atoms:
        parts += [
            (c / per_batch[1], f"{of_kl}Σ{name}") for name, c in kl.atoms.items() if name != "1"
        ]
    elif kl.coupled:
        parts.append((1.0, "(a term of the encoder's outputs that couples the rows of a batch)"))
    elif not kl.missing:
        parts.append((1.0, "(a term of the encoder's outputs that is no sum of known terms)"))
    text = ""
    for weight, what in parts:
        size = number(abs(weight))
        sign = "-" if weight < 0 else "+"
        text += f" {sign} " if text else ("-" if weight < 0 else "")
        text += what if size == "1" else f"{size} · {what}"
    if rest is not None:
        text += f" {'-' if rest < 0 else '+'} {abs(rest):.4g}"
    mean = ", averaged over the batch" if design.batch_size > 1 else ""
    noise = ", plus noise" if random else ""
    clips = likelihood.in_unit_interval and likelihood.as_declared
    where = ", while x and d stay in (0, 1)" if clips else ""
    return (text or "a constant") + mean + noise + where


def weights_in_words(
    likelihood: LikelihoodTerm, kl: KLTerm, laws: ScalingLaws, design: Design
) -> str:
    """The measured weights, as a clause."""
    parts = []
    for name, term, exponents in (("likelihood", likelihood, laws.likelihood), ("KL", kl, laws.kl)):
        if term.fit is None:
            continue
        power = exponents.get(BATCH, 0)
        weight = number(term.fit.weight / float(design.batch_size) ** power)
        follows = f" · {in_sizes({BATCH: power}, design)}" if power else ""
        parts.append(f"the {name}'s weight is {weight}{follows}")
    return " and ".join(parts)


def verdict_finding(
    verdict: Verdict, design: Design, expected_kl_weight: float, weights: str
) -> Finding:
    """Makes the finding of a verdict on signs and weights.

    Args:
        verdict: The verdict.
        design: The points' design, for the names of sizes.
        expected_kl_weight: The weight that the KL should have.
        weights: The measured weights, as a clause.
    """
    sizes = in_sizes(verdict.exponents, design)
    clauses: dict[str, Callable[[], tuple[str, str]]] = {
        "loss-sign": lambda: (
            "both terms enter with a minus sign",
            "return the negative of this value, or hand the optimizer its negative to minimise.",
        ),
        "likelihood-sign": lambda: (
            "the log-likelihood enters with a plus sign, so that a worse fit lowers the loss",
            "subtract the log-likelihood (add the cross-entropy or the squared error).",
        ),
        "kl-sign": lambda: (
            "the loss falls as the posterior moves away from the prior",
            "add the KL divergence: loss = -log-likelihood + KL; change the sign before Σ.",
        ),
        "batch-reduction": lambda: _batch_reduction(verdict),
        "overall-factor": lambda: (
            f"both terms carry the factor {number(verdict.factor)}"
            + (f" ({sizes})" if sizes else ""),
            "nothing has to change: it scales the gradient as a learning rate does. Drop it to "
            "read the loss in nats.",
        ),
        "likelihood-reduction": lambda: (
            f"the log-likelihood carries the factor {sizes} = {number(verdict.factor)}",
            "sum the log-likelihood over all of the event's axes, or multiply a Keras loss, which "
            f"is a mean, by the number of entries it averages over: here, multiply by "
            f"{number(1.0 / verdict.factor)}.",
        ),
        "likelihood-weight": lambda: (
            f"the log-likelihood is multiplied by {number(verdict.factor)}"
            + (
                " (1/ln 2: it is in bits)" if abs(verdict.factor * math.log(2.0) - 1) < 5e-3 else ""
            ),
            "multiply it by 1, and weigh the KL instead if a beta-VAE is wanted.",
        ),
        "kl-reduction": lambda: (
            f"the KL carries the factor {sizes} = {number(verdict.factor)}",
            "sum the KL over the latents, and divide it by no other size: here, multiply by "
            f"{number(1.0 / verdict.factor)}.",
        ),
        "kl-weight": lambda: (
            f"the KL is multiplied by {number(verdict.factor * expected_kl_weight)}, expected was "
            f"{number(expected_kl_weight)}",
            "multiply it by the expected weight; if the weight is meant (a beta-VAE), say so with "
            f"expected_kl_weight={verdict.factor * expected_kl_weight:.6g}.",
        ),
    }
    evidence, fix = clauses[verdict.code]()
    return Finding.of(verdict.code, f"{evidence}; {weights}." if weights else f"{evidence}.", fix)


def _batch_reduction(verdict: Verdict) -> tuple[str, str]:
    size = verdict.written_batch_size
    if size is None:
        return (
            "doubling the batch changes the one weight relative to the other",
            "treat both terms alike: sum each over its own axes to one value per example, add the "
            "two, then take the mean over the batch once.",
        )
    return (
        f"a sum over the batch is divided by {size}, a batch size written down, so that the loss "
        f"is right for batches of {size} alone, and the last batch of an epoch may be smaller",
        "take the mean over the batch, which divides by its own size; or, if every batch has "
        f"{size} rows, say so with batch_size={size}.",
    )
