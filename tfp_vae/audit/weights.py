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

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tfp_vae.audit.scaling_laws import BATCH, LATENT, Size

WEIGHT_TOLERANCE = 5e-3


@dataclass(frozen=True)
class Term:
    """One measured term of the loss.

    Attributes:
        sign: 1 or -1, or 0 if the term has no one sign.
        weight: Its weight at the measured sizes, None if it is no known term.
        weight_slack: The largest error of the weight because of noise.
        exponents: The powers by which the weight follows the sizes, by name.
        free_weight: Whether every positive factor is right.
        rough_weight: A guess at the weight of an unknown term, good enough to tell a sum from a
            mean.
    """

    sign: int
    weight: float | None
    weight_slack: float = 0.0
    exponents: Mapping[str, int] = field(default_factory=dict)
    free_weight: bool = False
    rough_weight: float | None = None


@dataclass(frozen=True)
class Verdict:
    """A code with the factor that was found, and the sizes that explain it."""

    code: str
    factor: float = 1.0
    exponents: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class _ExplainedWeight:
    """The weight of a term, with the sizes that explain it.

    Attributes:
        value: The weight for a batch of one example, in units of the expected weight; None if not
            even a guess is known.
        slack: The largest error of the logarithm of `value`.
        is_exact: Whether it is no guess.
        is_free: Whether every positive factor is right.
        batch_power: The power of the batch size.
        powers: The powers of the other sizes that explain the weight; none is 0.
    """

    value: float | None
    slack: float
    is_exact: bool
    is_free: bool
    batch_power: int
    powers: Mapping[str, int]


def judge_signs(likelihood: Term | None, kl: Term | None) -> list[Verdict]:
    """Names the wrong signs."""
    a = likelihood.sign if likelihood else 0
    b = kl.sign if kl else 0
    if a < 0 and b < 0:
        return [Verdict("loss-sign")]
    return [Verdict("likelihood-sign")] * (a < 0) + [Verdict("kl-sign")] * (b < 0)


def judge_weights(
    likelihood: Term | None, kl: Term | None, sizes: Sequence[Size], expected_kl_weight: float
) -> list[Verdict]:
    """Names the wrong weights, by the rules above.

    Args:
        likelihood: The likelihood term, None if it is missing or unreadable.
        kl: The KL term, None if it is missing or unreadable.
        sizes: All the sizes.
        expected_kl_weight: The weight that the KL should have.
    """
    weights = {}
    if likelihood is not None:
        weights["likelihood"] = _explained(likelihood, sizes, 1.0)
    if kl is not None:
        weights["kl"] = _explained(kl, sizes, expected_kl_weight)
    verdicts, shared = _judge_batch(list(weights.values()))
    if len(weights) == 2:
        a, b = weights.values()
        common = _shared_powers(a.powers, b.powers)
        if _are_equal(a, b):
            return verdicts + _judge_equal_weights(a, sizes, shared, common)
        shared |= common
    if shared:
        verdicts.append(Verdict("overall-factor", size_factor(shared, sizes), shared))
    for name, weight in weights.items():
        verdicts += _judge_weight(name, weight, sizes, shared)
    return verdicts


def size_factor(exponents: Mapping[str, int], sizes: Sequence[Size]) -> float:
    """The product of sizes to their powers."""
    values = {size.name: size.value for size in sizes}
    return math.prod(float(values[name]) ** power for name, power in exponents.items())


def _judge_batch(weights: Sequence[_ExplainedWeight]) -> tuple[list[Verdict], dict[str, int]]:
    """Judges the powers of the batch size; returns the verdicts and the power that all share."""
    powers = [weight.batch_power for weight in weights]
    if len(set(powers)) > 1:
        return [Verdict("batch-reduction", exponents={BATCH: max(powers, key=abs)})], {}
    return [], {BATCH: powers[0]} if any(powers) else {}


def _are_equal(a: _ExplainedWeight, b: _ExplainedWeight) -> bool:
    if a.value is None or b.value is None or not (a.is_exact and b.is_exact):
        return False
    return abs(math.log(a.value / b.value)) <= math.hypot(a.slack, b.slack)


def _judge_equal_weights(
    weight: _ExplainedWeight,
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
    name: str, weight: _ExplainedWeight, sizes: Sequence[Size], shared: Mapping[str, int]
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
        if _distance(number, free=False) > weight.slack:
            verdicts.append(Verdict(f"{name}-weight", number))
    return verdicts


def _explained(term: Term, sizes: Sequence[Size], expected: float) -> _ExplainedWeight:
    """Finds the sizes that explain a term's weight.

    Args:
        term: The term.
        sizes: All the sizes.
        expected: The weight that the term should have.
    """
    powers = _complete(term, sizes)
    batch_power = powers.pop(BATCH, 0)
    batch_size = next(size.value for size in sizes if size.name == BATCH)
    measured = term.weight if term.weight is not None else term.rough_weight
    value, slack = None, 0.0
    if measured is not None and measured > 0.0:
        value = measured / float(batch_size) ** batch_power / expected
        slack = WEIGHT_TOLERANCE + term.weight_slack / measured
        free = term.free_weight or term.weight is None
        powers = _explaining_powers(value, powers, sizes, free=free)
    return _ExplainedWeight(
        value,
        slack,
        is_exact=term.weight is not None,
        is_free=term.free_weight,
        batch_power=batch_power,
        powers={name: power for name, power in powers.items() if power},
    )


def _complete(term: Term, sizes: Sequence[Size]) -> dict[str, int]:
    """Adds the powers that could not be measured, if sizes explain the weight exactly."""
    known = dict(term.exponents)
    unknown = [s.name for s in sizes if s.name not in known and s.value > 1]
    if term.weight is None or not unknown:
        return known
    guesses = sorted(
        itertools.product((0, -1, 1), repeat=len(unknown)), key=lambda powers: sum(map(abs, powers))
    )
    for guess in guesses:
        guessed = dict(zip(unknown, guess, strict=True))
        rest = term.weight / size_factor({**known, **guessed}, sizes)
        if _distance(rest, free=term.free_weight) <= WEIGHT_TOLERANCE:
            return known | guessed
    return known | dict.fromkeys(unknown, 0)


def _explaining_powers(
    weight: float, powers: Mapping[str, int], sizes: Sequence[Size], *, free: bool
) -> dict[str, int]:
    """Returns the powers of sizes that explain a weight, without those that the code cancels.

    Args:
        weight: The weight.
        powers: The powers by which it follows the sizes.
        sizes: All the sizes.
        free: Whether ½ counts as right.
    """

    def unexplained(candidate: Mapping[str, int]) -> tuple[float, int]:
        # Of equally good explanations the one with more sizes wins, for those were measured.
        rest = weight / size_factor(candidate, sizes)
        return round(_distance(rest, free=free), 6), -sum(map(abs, candidate.values()))

    return min(_partial_powers(powers), key=unexplained)


def _partial_powers(powers: Mapping[str, int]) -> Iterator[dict[str, int]]:
    """Yields the powers cut to every smaller magnitude.

    The axes of the event are cut together: a mean is over all of them, and so is what cancels it.
    """
    of_event = max((abs(p) for name, p in powers.items() if name != LATENT), default=0)
    of_latent = abs(powers.get(LATENT, 0))
    for event, latent in itertools.product(range(of_event + 1), range(of_latent + 1)):
        yield {
            name: int(math.copysign(min(abs(power), latent if name == LATENT else event), power))
            for name, power in powers.items()
        }


def _shared_powers(first: Mapping[str, int], second: Mapping[str, int]) -> dict[str, int]:
    """The power of each size that both weights follow in the same direction."""
    return {
        name: min(power, second[name], key=abs)
        for name, power in first.items()
        if power * second.get(name, 0) > 0
    }


def _distance(weight: float, *, free: bool) -> float:
    """How far a weight is from a right one, as a logarithm."""
    targets = (1.0, 2.0) if free else (1.0,)
    return min(abs(math.log(weight / target)) for target in targets)
