# ruff: noqa: RUF001 - the Greek letter sigma is meant
"""The text of a report: the formula, and the evidence and the fix of each verdict."""

import math
from collections.abc import Mapping

from tfp_vae.audit.findings import Finding
from tfp_vae.audit.kl_term import KLTerm
from tfp_vae.audit.likelihood_term import LikelihoodTerm
from tfp_vae.audit.probe_design import Design
from tfp_vae.audit.references import (
    CONTINUOUS_BERNOULLI,
    CONTINUOUS_BERNOULLI_OF_LOGITS,
    CROSS_ENTROPY,
    CROSS_ENTROPY_OF_LOGITS,
    SQUARED_ERROR,
    SWAPPED_CROSS_ENTROPY,
    LikelihoodForm,
)
from tfp_vae.audit.scaling_laws import BATCH, LATENT, ScalingLaws
from tfp_vae.audit.weights import Verdict

_UNITS = {BATCH: "batch size", LATENT: "latent size"}


def number(value: float) -> str:
    """A short form of a number, such as 2, 0.5, 1/784 or 0.00025."""
    for denominator in (1, 2, 3, 4):
        if abs(value * denominator - round(value * denominator)) < 1e-6 * abs(value * denominator):
            whole = round(value * denominator)
            if whole and denominator == 1:
                return f"{whole}"
            if whole:
                return f"{whole / denominator:.4g}"
    inverse = 1.0 / value if value else math.inf
    if abs(inverse) > 1.5 and abs(inverse - round(inverse)) < 1e-4 and abs(inverse) < 1e5:
        return f"{'-' if inverse < 0 else ''}1/{abs(round(inverse))}"
    return f"{value:.4g}"


def in_sizes(exponents: Mapping[str, int], design: Design) -> str:
    """A product of sizes to their powers, in words: "1 / event size"."""
    powers: dict[str, int] = {}
    axes = {n: p for n, p in exponents.items() if n not in _UNITS and p}
    long_axes = [i for i, n in enumerate(design.event_shape) if n > 1]
    if axes and len(set(axes.values())) == 1 and len(axes) == len(long_axes):
        powers["event size"] = next(iter(axes.values()))
    else:
        powers |= axes
    powers |= {_UNITS[n]: p for n, p in exponents.items() if n in _UNITS and p}

    def power(name: str, exponent: int) -> str:
        return name if exponent == 1 else f"{name}^{exponent}"

    above = " · ".join(power(n, p) for n, p in powers.items() if p > 0)
    below = " · ".join(power(n, -p) for n, p in powers.items() if p < 0)
    return f"{above or '1'} / {below}" if below else above


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
    elif not likelihood.missing:
        parts.append((1.0, "(a term of x and d that is no known log-likelihood)"))
    if kl.reading is not None and kl.fit is not None:
        parts.append((kl.fit.weight / per_batch[1], f"{of_kl}[{kl.reading.formula}]"))
    elif kl.atoms:
        parts += [
            (c / per_batch[1], f"{of_kl}Σ{name}") for name, c in kl.atoms.items() if name != "1"
        ]
    elif not kl.missing:
        parts.append((1.0, "(a term of the encoder's outputs that fits no sum of known terms)"))
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
    return (text or "a constant") + mean + noise


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
    evidence, fix = {
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
        "batch-reduction": lambda: (
            "doubling the batch changes the one weight relative to the other",
            "treat both terms alike: sum each over its own axes to one value per example, add the "
            "two, then take the mean over the batch once.",
        ),
        "overall-factor": lambda: (
            f"both terms carry the factor {number(verdict.factor)}"
            + (f" ({sizes})" if sizes else ""),
            "nothing has to change: it scales the gradient as a learning rate does. Drop it to "
            "read the loss in nats.",
        ),
        "likelihood-reduction": lambda: (
            f"the log-likelihood carries the factor {sizes} = {number(verdict.factor)}",
            "sum the log-likelihood over the event's axes (tf.reduce_sum), or multiply a Keras "
            "loss, which is a mean, by the number of entries it averages over.",
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
            "sum the KL over the latents (tf.reduce_sum over the last axis), do not average it.",
        ),
        "kl-weight": lambda: (
            f"the KL is multiplied by {number(verdict.factor * expected_kl_weight)}, expected was "
            f"{number(expected_kl_weight)}",
            "multiply it by the expected weight; if the weight is meant (a beta-VAE), say so with "
            f"expected_kl_weight={verdict.factor * expected_kl_weight:.6g}.",
        ),
    }[verdict.code]()
    return Finding.of(verdict.code, f"{evidence}; {weights}." if weights else f"{evidence}.", fix)


def likelihood_formula_finding(likelihood: LikelihoodTerm, design: Design) -> Finding:
    """Describes the term that replaces the declared log-likelihood."""
    declared = likelihood.declared
    if likelihood.missing:
        return Finding.of(
            "likelihood-formula",
            "the loss depends neither on x nor on the decoder's output.",
            f"add {declared.name}, {declared.formula}.",
        )
    if likelihood.form is None:
        return Finding.of(
            "likelihood-formula",
            "the term of x and d is a multiple of no log-likelihood that the audit knows.",
            f"write {declared.name}, {declared.formula}, summed over the event.",
        )
    evidence = f"the term of x and d is {likelihood.form.name}, {likelihood.form.formula}"
    if likelihood.in_unit_interval:
        beyond = "follows no log-likelihood" if likelihood.finite_beyond else "is not finite"
        evidence += f" while d stays in (0, 1); beyond, it {beyond}"
    return Finding.of("likelihood-formula", f"{evidence}.", _formula_fix(likelihood.form, design))


def _formula_fix(form: LikelihoodForm, design: Design) -> str:
    declared = design.likelihood
    if form is SWAPPED_CROSS_ENTROPY or (
        declared != "normal" and form.name == "the absolute error"
    ):
        return (
            "give the data first and the decoder's output second, as in "
            "binary_crossentropy(x, decoder_output)."
        )
    if declared == "normal":
        if form in (CROSS_ENTROPY, CROSS_ENTROPY_OF_LOGITS):
            return (
                'write ½ Σ(x - d)² for a Normal likelihood, or declare likelihood="bernoulli" if x '
                "is 0 or 1."
            )
        return "write ½ Σ(x - d)², the Normal likelihood of scale 1 up to a constant."
    taken_for_logits = form in (CROSS_ENTROPY_OF_LOGITS, CONTINUOUS_BERNOULLI_OF_LOGITS)
    if taken_for_logits and design.decoder_output != "logits":
        return (
            "the decoder gives probabilities, but the loss takes them for logits: drop "
            "from_logits=True, or drop the decoder's sigmoid."
        )
    taken_for_probs = form in (CROSS_ENTROPY, CONTINUOUS_BERNOULLI)
    if taken_for_probs and design.decoder_output == "logits":
        return (
            "the decoder gives logits, but the loss takes them for probabilities: say "
            "from_logits=True, or give the decoder a sigmoid."
        )
    if declared == "continuous_bernoulli" and form in (CROSS_ENTROPY, CROSS_ENTROPY_OF_LOGITS):
        return (
            "nearly right: the cross-entropy becomes a density on [0, 1] with the continuous "
            "Bernoulli's normalising constant; use tfd.ContinuousBernoulli(...).log_prob(x)."
        )
    if form is SQUARED_ERROR:
        return (
            "the squared error is a Normal likelihood: write the cross-entropy, or declare "
            'likelihood="normal".'
        )
    return "use the log_prob of the declared distribution."


def kl_formula_finding(kl: KLTerm, *, added: bool, two_outputs: bool) -> Finding:
    """Describes the term that replaces a KL divergence."""
    if not added:
        return Finding.of(
            "kl-formula",
            "the term of the encoder's outputs changes when only x and the decoder's output do: "
            "the two terms are not added.",
            "write loss = -log-likelihood + KL, with nothing between the two but a plus sign.",
        )
    if not two_outputs:
        return Finding.of(
            "kl-formula",
            f"with one encoder output μ the KL is ½ Σμ²; measured was {_atoms_in_words(kl)}.",
            "write ½ Σμ², the KL of a posterior of scale 1.",
        )
    evidence = f"measured was {_atoms_in_words(kl)}"
    near = kl.possible_readings
    fix = (
        "for s = log σ² the KL is ½ Σ(μ² + eˢ - s - 1); for s = σ it is ½ Σ(μ² + s² - log s² - 1)."
    )
    if kl.swapped is not None:
        evidence += f"; with the two encoder outputs swapped it is the KL for s = {kl.swapped.name}"
        fix = (
            "hand over the encoder's outputs in the order (mean, scale), or swap them in the loss."
        )
    elif near:
        evidence += "; nearest is " + " or ".join(
            f"the KL for s = {r.name}, {r.formula}" for r in near
        )
        fix = " or ".join(f"for s = {r.name} write {r.formula}" for r in near) + "."
    return Finding.of("kl-formula", f"{evidence}.", fix)


def _atoms_in_words(kl: KLTerm) -> str:
    if not kl.atoms:
        return "no sum of the usual terms (μ², s, s², log s², eˢ, e²ˢ, softplus)"
    text = ""
    for name, coefficient in kl.atoms.items():
        if name == "1":
            continue
        sign = "-" if coefficient < 0 else "+"
        text += f" {sign} " if text else ("-" if coefficient < 0 else "")
        text += f"{number(abs(coefficient))}·Σ{name}"
    return text or "a constant"
