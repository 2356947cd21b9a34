# ruff: noqa: RUF001 - the Greek letter sigma is meant
"""Which codes a composed loss deserves, from its choices alone."""

import math

# The readings whose KL holds the term that is left when the other one is dropped.
KINDRED_GROWTH = {"σ²": {"σ²", "log σ", "log σ²"}}
KINDRED_LOGARITHM = {
    "σ": {"σ", "σ²"},
    "σ²": {"σ", "σ²"},
    "log σ": {"σ²", "log σ", "log σ²"},
    "log σ²": {"σ²", "log σ", "log σ²"},
}
FALLING_FORMULAS = {"no growth", "mean's sign", "logarithm's sign"}


def _declared_form(loss):
    if loss.likelihood == "normal":
        return "squared"
    if loss.likelihood == "continuous_bernoulli":
        return "continuous"
    return "logits" if loss.decoder_output == "logits" else "cross-entropy"


def _guarded(loss):
    return loss.guard != "none" or loss.style == "keras losses"


def expected_codes(loss):
    """Returns the codes that an audit of a composed loss must yield."""
    as_declared = loss.form == _declared_form(loss)
    right_kl = loss.kl_present and loss.formula == "right"
    codes = set()
    if not as_declared:
        codes.add("likelihood-formula")
    elif loss.likelihood == "normal":
        codes.add("fixed-scale")
    if not loss.kl_present:
        codes.add("kl-missing")
    elif not right_kl:
        codes.add("kl-formula")
    if loss.constant and as_declared and (right_kl or not loss.kl_present):
        codes.add("constant")
    codes |= _sign_codes(loss) | _weight_codes(loss, as_declared, right_kl)
    codes |= _reach_codes(loss) | _sampler_codes(loss)
    if loss.batch in (("mean", "rows", "rows"), ("rows", "mean", "rows")) and loss.kl_present:
        codes.add("batch-mean")
    return codes


def _sign_codes(loss):
    kl_sign = loss.kl_sign if loss.kl_present and loss.formula != "mean's sign" else 0
    if loss.likelihood_sign < 0 and kl_sign < 0:
        return {"loss-sign"}
    return ({"likelihood-sign"} if loss.likelihood_sign < 0 else set()) | (
        {"kl-sign"} if kl_sign < 0 else set()
    )


def _weight_codes(loss, as_declared, right_kl):
    codes = set()
    size = loss.event_size
    free = loss.likelihood == "normal" or not as_declared
    everything = 0.1 if loss.overall == "0.1" else 1.0
    # The squared error is twice the negative log-density of unit scale.
    number = loss.likelihood_weight * (2.0 if loss.form == "squared" else 1.0) * everything
    kl_number = loss.kl_weight / loss.expected_kl_weight * everything
    # How often each term is divided by the event size.
    divided = (loss.likelihood_reduction == "mean") + (loss.overall == "1/D")
    kl_divided = (loss.kl_reduction == "by event size") + (loss.overall == "1/D")
    first, second, returned = loss.batch
    batch = first == "sum" or returned == "sum"
    kl_batch = second == "sum" or returned == "sum"
    by_latents = loss.latent_size if loss.kl_reduction == "mean" else 1
    shared = min(divided, kl_divided) if loss.kl_present else 0
    if not loss.kl_present:
        kl_batch, kl_divided, by_latents, right_kl = batch, 0, 1, False
    if batch != kl_batch:
        codes.add("batch-reduction")
    elif batch:
        codes.add("overall-factor")
    kl = kl_number / size**kl_divided / by_latents
    if right_kl and math.isclose(number / size**divided, kl, rel_tol=1e-6):
        return codes | ({"overall-factor"} if not math.isclose(kl, 1.0) else set())
    if shared:
        codes.add("overall-factor")
    if divided > shared:
        codes.add("likelihood-reduction")
    if kl_divided > shared or by_latents > 1:
        codes.add("kl-reduction")
    if not free and not math.isclose(number, 1.0):
        codes.add("likelihood-weight")
    if right_kl and not math.isclose(kl_number, 1.0):
        codes.add("kl-weight")
    return codes


def _reach_codes(loss):
    codes = set()
    falls = loss.kl_present and (loss.kl_sign < 0 or loss.formula in FALLING_FORMULAS)
    # Without its logarithm nothing in a variance's KL says that s may not be negative.
    falls |= loss.kl_present and (loss.formula, loss.reading) == ("no logarithm", "σ²")
    if loss.likelihood_sign < 0:
        anywhere = loss.decoder_output == "logits" or loss.likelihood == "normal"
        falls |= {
            "logits": anywhere,
            "squared": anywhere,
            "cross-entropy": not _guarded(loss),
            "continuous": False,
        }[loss.form]
    if falls:
        codes.add("unbounded")
    if loss.form == "cross-entropy":
        in_unit = loss.decoder_output != "logits" and loss.likelihood != "normal"
        clipped = loss.guard == "clip" or loss.style == "keras losses"
        if not (_guarded(loss) if in_unit else clipped):
            codes.add("not-finite")
    return codes


def _sampler_codes(loss):
    codes = set()
    if loss.sampler_reading is None:
        return codes
    if loss.noise != "right":
        codes.add("sampler-noise")
    if loss.kl_present and loss.noise != "none":
        if loss.formula == "no logarithm":
            kindred = KINDRED_GROWTH.get(loss.reading, {loss.reading})
        elif loss.formula == "no growth":
            kindred = KINDRED_LOGARITHM.get(loss.reading, {loss.reading})
        else:
            kindred = {loss.reading}
        if loss.sampler_reading not in kindred:
            codes.add("scale-mismatch")
    return codes
