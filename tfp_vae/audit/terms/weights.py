"""Judges the weights of the two terms: which factor is a mistake, and in which term.

The loss is written as a · (negative log-likelihood) + b · (KL), both averaged over the batch. The
rules, in order:

1. Signs. Both negative: `loss-sign`; one alone: `likelihood-sign` or `kl-sign`. From here on, a and
   b are magnitudes, b in units of the expected weight.
2. Batch. If a and b follow the batch size by different powers: `batch-reduction`. Each is then
   taken for a batch of one example. A power that both share is an overall factor.
3. If a = b, what is left is one overall factor.
4. A weight is judged at the declared sizes: 1 is right, however it comes about (a mean times a
   hard-coded number of pixels is a sum). A size that the weight follows explains it if dividing by
   the size brings the weight closer to 1; otherwise a number in the code cancels the size.
5. The powers of sizes that explain both a and b are an overall factor too. Those that explain one
   alone are its `…-reduction`, and a number that remains is its `…-weight`.
6. For "normal" and for every likelihood that is not the declared one, a positive factor of the
   squared error is a free parameter, so only sizes are judged; ½ and 1 count as right.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tfp_vae.audit.terms.scaling_laws import BATCH, Size
from tfp_vae.audit.terms.weight_powers import (
    ExplainedWeight,
    Term,
    distance,
    explained,
    size_factor,
)

# The batch sizes that people write down.
_WRITTEN = (16, 2048)


@dataclass(frozen=True)
class Verdict:
    """A code with the factor that was found, and the sizes that explain it.

    Attributes:
        code: The code.
        factor: The factor.
        exponents: The powers of sizes that explain it.
        written_batch_size: The batch size at which the loss is right, if its code divides by that.
    """

    code: str
    factor: float = 1.0
    exponents: Mapping[str, int] = field(default_factory=dict)
    written_batch_size: int | None = None


def _written_batch_size(weights: Sequence[ExplainedWeight]) -> int | None:
    """The one batch size at which both weights are right, None if there is no plausible one."""
    if len(weights) != 2 or len({weight.batch_power for weight in weights}) == 1:
        return None
    for weight in weights:
        if weight.value is None or not weight.is_exact or abs(weight.batch_power) != 1:
            continue
        if weight.is_free or weight.powers:
            continue
        size = weight.value**-weight.batch_power
        if not _WRITTEN[0] <= size <= _WRITTEN[1] or abs(size - round(size)) > 1e-4 * size:
            continue
        others = [w.at_batch_size(round(size)) for w in weights]
        if all(_is_right(w) for w in others):
            return round(size)
    return None


def _is_right(weight: ExplainedWeight) -> bool:
    if weight.is_free:
        return not weight.powers
    return bool(weight.value) and abs(math.log(weight.value or 1.0)) <= weight.slack


def judge_signs(likelihood: Term | None, kl: Term | None) -> list[Verdict]:
    """Names the wrong signs."""
    a = likelihood.sign if likelihood else 0
    b = kl.sign if kl else 0
    if a < 0 and b < 0:
        return [Verdict("loss-sign")]
    return [Verdict("likelihood-sign")] * (a < 0) + [Verdict("kl-sign")] * (b < 0)


def judge_weights(
    likelihood: Term | None,
    kl: Term | None,
    sizes: Sequence[Size],
    expected_kl_weight: float,
    batch_size: int | None = None,
) -> list[Verdict]:
    """Names the wrong weights, by the rules above.

    Args:
        likelihood: The likelihood term, None if it is missing or unreadable.
        kl: The KL term, None if it is missing or unreadable.
        sizes: All the sizes.
        expected_kl_weight: The weight that the KL should have, above 0.
        batch_size: The batch size that the loss is declared to be written for, None if any.
    """
    weights = {}
    if likelihood is not None:
        weights["likelihood"] = explained(likelihood, sizes, 1.0)
    if kl is not None:
        weights["kl"] = explained(kl, sizes, expected_kl_weight, of_latents=True)
    powers = {weight.batch_power for weight in weights.values()}
    if batch_size is not None and (len(powers) > 1 or (len(weights) == 1 and powers != {0})):
        # At this one batch size the weights are what they are.
        weights = {name: weight.at_batch_size(batch_size) for name, weight in weights.items()}
    written = _written_batch_size(list(weights.values()))
    if written is not None:
        power = max((weight.batch_power for weight in weights.values()), key=abs)
        return [Verdict("batch-reduction", 1.0 / written, {BATCH: power}, written)]
    verdicts, shared = _judge_batch(list(weights.values()))
    if len(weights) == 2:
        a, b = weights.values()
        if a.is_free and a.powers and not b.powers and b.value is not None:
            # A number in the KL that is the size in the likelihood's mean makes both alike.
            factor = size_factor(a.powers, sizes)
            if abs(math.log(b.value / factor)) <= b.slack:
                return [*verdicts, Verdict("overall-factor", factor, a.powers)]
        if a.is_free and a.powers and likelihood is not None:
            # By chance a number is the size of an axis that the term follows, as the KL does.
            a = weights["likelihood"] = a.following(likelihood.exponents, b.powers)
        common = _shared_powers(a.powers, b.powers)
        if _are_equal(a, b):
            return verdicts + _judge_equal_weights(a, sizes, shared, common)
        shared |= common
    if shared:
        verdicts.append(Verdict("overall-factor", size_factor(shared, sizes), shared))
    for name, weight in weights.items():
        verdicts += _judge_weight(name, weight, sizes, shared)
    return verdicts


def _judge_batch(weights: Sequence[ExplainedWeight]) -> tuple[list[Verdict], dict[str, int]]:
    """Judges the powers of the batch size; returns the verdicts and the power that all share."""
    powers = [weight.batch_power for weight in weights]
    if len(set(powers)) > 1:
        return [Verdict("batch-reduction", exponents={BATCH: max(powers, key=abs)})], {}
    return [], {BATCH: powers[0]} if any(powers) else {}


def _are_equal(a: ExplainedWeight, b: ExplainedWeight) -> bool:
    if a.value is None or b.value is None or not (a.is_exact and b.is_exact):
        return False
    return abs(math.log(a.value / b.value)) <= math.hypot(a.slack, b.slack)


def _judge_equal_weights(
    weight: ExplainedWeight,
    sizes: Sequence[Size],
    batch: Mapping[str, int],
    common: Mapping[str, int],
) -> list[Verdict]:
    """Judges a weight that both terms have.

    Args:
        weight: The weight.
        sizes: All the sizes.
        batch: The power of the batch size that both terms share.
        common: The powers of the other sizes that both terms share.
    """
    assert weight.value is not None
    if not batch and abs(math.log(weight.value)) <= weight.slack:
        return []
    factor = weight.value * size_factor(batch, sizes)
    return [Verdict("overall-factor", factor, {**batch, **common})]


def _judge_weight(
    name: str, weight: ExplainedWeight, sizes: Sequence[Size], shared: Mapping[str, int]
) -> list[Verdict]:
    """Judges the weight of one term apart from the powers of sizes that both terms share."""
    verdicts = []
    own = {size: power - shared.get(size, 0) for size, power in weight.powers.items()}
    own = {size: power for size, power in own.items() if power}
    if own:
        verdicts.append(Verdict(f"{name}-reduction", size_factor(own, sizes), own))
    if weight.value is not None and weight.is_exact and not weight.is_free:
        of_both = {size: power for size, power in shared.items() if size != BATCH}
        number = weight.value / size_factor(of_both, sizes) / size_factor(own, sizes)
        if distance(number, free=False) > weight.slack:
            verdicts.append(Verdict(f"{name}-weight", number))
    return verdicts


def _shared_powers(first: Mapping[str, int], second: Mapping[str, int]) -> dict[str, int]:
    """The power of each size that both weights follow in the same direction."""
    return {
        name: min(power, second[name], key=abs)
        for name, power in first.items()
        if power * second.get(name, 0) > 0
    }
