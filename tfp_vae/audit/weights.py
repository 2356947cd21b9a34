"""Judges the weights of the two terms: which factor is a mistake, and whose.

The loss is written as a · (negative log-likelihood) + b · (KL), both averaged over the batch. The
rules, in order:

1. Signs. Both negative: `loss-sign`; one alone: `likelihood-sign` or `kl-sign`. From here on, a and
   b are magnitudes, b in units of the expected weight.
2. Batch. If a and b follow the batch size by different powers: `batch-reduction`. Each is then
   taken as it is for a batch of one example. A power that both share is an overall factor.
3. If a = b, what is left is one overall factor.
4. If both are wrong, the power of a size that a and b share is an overall factor too and is taken
   out of both.
5. What is left of each is judged alone, at the declared sizes: 1 is right, however it comes about
   (a mean times a hard-coded number of pixels is a sum). A wrong weight that follows a size is a
   `…-reduction` if taking that size out brings it closer to 1, and a `…-weight` for what remains.
   Otherwise the size is one that was written into the code as a number, and the weight is a number.
6. For "normal" and for every likelihood that is not the declared one, a positive number beside the
   squared error is a free parameter, so only sizes are judged; ½ and 1 count as right.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tfp_vae.audit.size_laws import BATCH, LATENT, Size

WEIGHT_TOLERANCE = 5e-3


@dataclass(frozen=True)
class Term:
    """One term of the loss, as it was measured.

    Attributes:
        sign: 1 or -1, 0 if the term has no one sign.
        weight: Its weight at the measured sizes, None if it is nothing that has a weight.
        weight_slack: How far the weight may lie from the truth, because of noise.
        exponents: The powers by which the weight follows the sizes, by name.
        free_weight: Whether a positive number beside it is no mistake.
        rough_weight: A guess at the weight of a term that has none, good enough to tell a sum from
            a mean.
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


def size_factor(exponents: Mapping[str, int], sizes: Sequence[Size]) -> float:
    """The product of sizes to their powers."""
    values = {size.name: size.value for size in sizes}
    return math.prod(float(values[name]) ** power for name, power in exponents.items())


def _distance(weight: float, *, free: bool) -> float:
    """How far a weight is from a right one, as a logarithm."""
    targets = (1.0, 2.0) if free else (1.0,)
    return min(abs(math.log(weight / target)) for target in targets)


def _shared_powers(first: Mapping[str, int], second: Mapping[str, int]) -> dict[str, int]:
    """The power of each size that both weights follow in the same direction."""
    return {
        name: min(power, second[name], key=abs)
        for name, power in first.items()
        if power * second.get(name, 0) > 0
    }


def _complete(term: Term, sizes: Sequence[Size]) -> dict[str, int]:
    """Adds the powers that could not be measured, if sizes explain the weight exactly."""
    known = dict(term.exponents)
    open_sizes = [s for s in sizes if s.name not in known and s.value > 1]
    if term.weight is None or not open_sizes:
        return known
    powers = sorted(
        itertools.product((0, -1, 1), repeat=len(open_sizes)), key=lambda p: sum(map(abs, p))
    )
    for guess in powers:
        guessed = dict(zip((s.name for s in open_sizes), guess, strict=True))
        rest = term.weight / size_factor({**known, **guessed}, sizes)
        if _distance(rest, free=term.free_weight) <= WEIGHT_TOLERANCE:
            return known | guessed
    return known | dict.fromkeys((s.name for s in open_sizes), 0)


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
    verdicts = []
    terms = {"likelihood": likelihood, "kl": kl}
    present = {name: term for name, term in terms.items() if term is not None}
    powers = {name: _complete(term, sizes) for name, term in present.items()}
    batch = {name: p.pop(BATCH, 0) for name, p in powers.items()}
    if len(set(batch.values())) > 1:
        differing = max(batch, key=lambda name: abs(batch[name]))
        verdicts.append(Verdict("batch-reduction", exponents={BATCH: batch[differing]}))
        shared = {}
    else:
        shared = {BATCH: p for p in set(batch.values()) if p}  # noqa: B035 - there is at most one
    batch_size = next(size.value for size in sizes if size.name == BATCH)
    units = {"likelihood": 1.0, "kl": expected_kl_weight}
    weights, slack = {}, {}
    for name, term in present.items():
        raw = term.weight if term.weight is not None else term.rough_weight
        if raw is not None and raw > 0.0:
            weights[name] = raw / float(batch_size) ** batch[name] / units[name]
            slack[name] = WEIGHT_TOLERANCE + term.weight_slack / raw
    weighed = [name for name, term in present.items() if term.weight is not None]

    if len(weighed) == 2:
        ratio = abs(math.log(weights["likelihood"] / weights["kl"]))
        if ratio <= math.hypot(*slack.values()):
            factor = weights["likelihood"]
            if abs(math.log(factor)) > slack["likelihood"]:
                common = {
                    n: p for n, p in powers["likelihood"].items() if p and p == powers["kl"].get(n)
                }
                rest = factor / size_factor(common, sizes)
                shared |= common if abs(math.log(rest)) <= abs(math.log(factor)) else {}
            factor *= size_factor({n: p for n, p in shared.items() if n == BATCH}, sizes)
            if shared or abs(math.log(factor)) > slack["likelihood"]:
                verdicts.append(Verdict("overall-factor", factor, shared))
            return verdicts

    if len(present) == 2 and all(
        name not in weights
        or _distance(weights[name], free=present[name].free_weight) > slack[name]
        for name in present
    ):
        shared |= _shared_powers(powers["likelihood"], powers["kl"])
    if shared:
        verdicts.append(Verdict("overall-factor", size_factor(shared, sizes), shared))
    in_sizes = size_factor({n: p for n, p in shared.items() if n != BATCH}, sizes)
    for name, term in present.items():
        own = {n: p - shared.get(n, 0) for n, p in powers[name].items() if p != shared.get(n, 0)}
        if name not in weights:
            if own:
                verdicts.append(Verdict(f"{name}-reduction", size_factor(own, sizes), own))
            continue
        verdicts += _judge_alone(name, term, weights[name] / in_sizes, slack[name], own, sizes)
    return verdicts


def _judge_alone(
    name: str,
    term: Term,
    weight: float,
    slack: float,
    exponents: Mapping[str, int],
    sizes: Sequence[Size],
) -> list[Verdict]:
    free = term.free_weight or term.weight is None
    if _distance(weight, free=free) <= slack:
        return []
    verdicts = []
    factor = size_factor(exponents, sizes)
    rest = weight
    closer = _distance(weight / factor, free=free) <= _distance(weight, free=free)
    if factor != 1.0 and closer:
        verdicts.append(Verdict(f"{name}-reduction", factor, exponents))
        rest = weight / factor
    if not free and _distance(rest, free=False) > slack:
        verdicts.append(Verdict(f"{name}-weight", rest))
    return verdicts


__all__ = ["BATCH", "LATENT", "Term", "Verdict", "judge_signs", "judge_weights", "size_factor"]
