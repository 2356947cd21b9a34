# ruff: noqa: RUF001 - the Greek letter sigma is meant
"""The findings on a term's formula: what was measured, and what to write."""

from tfp_vae.audit.findings import Finding
from tfp_vae.audit.probes.design import Design
from tfp_vae.audit.probes.likelihood_forms import (
    CONTINUOUS_BERNOULLI,
    CONTINUOUS_BERNOULLI_OF_LOGITS,
    CROSS_ENTROPY,
    CROSS_ENTROPY_OF_LOGITS,
    SQUARED_ERROR,
    SWAPPED_CROSS_ENTROPY,
    LikelihoodForm,
)
from tfp_vae.audit.reports.messages import number
from tfp_vae.audit.terms.kl_term import KLTerm
from tfp_vae.audit.terms.likelihood_term import LikelihoodTerm


def likelihood_formula_finding(likelihood: LikelihoodTerm, design: Design) -> Finding:
    """Describes the term that replaces the declared log-likelihood."""
    declared = likelihood.declared
    if likelihood.missing:
        return Finding.of(
            "likelihood-formula",
            "the loss depends neither on x nor on the decoder's output.",
            f"add {declared.name}, {declared.formula}.",
        )
    assert likelihood.form is not None
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
    if "s" in kl.unused:
        evidence += "; the second encoder output s is never used"
        fix = f"use s where the scale belongs: {fix}"
    elif "μ" in kl.unused:
        evidence += "; the mean μ is never used"
    elif kl.swapped is not None:
        evidence += f"; with the two encoder outputs swapped it is the KL for s = {kl.swapped.name}"
        fix = (
            "hand over the encoder's outputs in the order (mean, scale), or swap them in the loss."
        )
    elif near:
        evidence += "; nearest is " + " or ".join(f"the KL for {r}, {r.formula}" for r in near)
        fix = " or ".join(f"for {r} write {r.formula}" for r in near) + "."
    return Finding.of("kl-formula", f"{evidence}.", fix)


def _atoms_in_words(kl: KLTerm) -> str:
    if not kl.atoms:
        return "no exact sum of the usual terms (μ², s, s², log s², eˢ, e²ˢ, softplus)"
    text = ""
    for name, coefficient in kl.atoms.items():
        if name == "1":
            continue
        sign = "-" if coefficient < 0 else "+"
        text += f" {sign} " if text else ("-" if coefficient < 0 else "")
        text += f"{number(abs(coefficient))}·Σ{name}"
    return text or "a constant"
