"""Judges the weights of the two terms: which factor is a mistake, and whose.

The loss is written as a · (negative log-likelihood) + b · (KL), both averaged over the batch. The
rules, in order:

1. Signs. Both negative: `loss-sign`; one alone: `likelihood-sign` or `kl-sign`. From here on, a and
   b are magnitudes, b in units of the expected weight.
2. Batch. If a and b follow the batch size by different powers: `batch-reduction`. Each is then
   taken as it is for a batch of one example. A power that both share is an overall factor.
3. If a = b, what is left is one overall factor.
4. A weight is judged at the declared sizes: 1 is right, however it comes about (a mean times a
   hard-coded number of pixels is a sum). A size that the weight follows explains it if taking the
   size out brings the weight closer to 1; otherwise it was undone by a number in the code.
5. The powers of sizes that explain both a and b are an overall factor too. Those that explain one
   alone are its `…-reduction`, and a number that remains is its `…-weight`.
6. For "normal" and for every likelihood that is not the declared one, a positive number beside the
   squared error is a free parameter, so only sizes are judged; ½ and 1 count as right.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tfp_vae.audit.scaling_laws import BATCH, LATENT, Size

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

    powers = {
        name: _telling_powers(term, weights.get(name), powers[name], sizes)
        for name, term in present.items()
    }
    if len(present) == 2:
        common = _shared_powers(powers["likelihood"], powers["kl"])
        ratio = math.log(weights["likelihood"] / weights["kl"]) if len(weighed) == 2 else math.inf
        if abs(ratio) <= math.hypot(*slack.values()):
            wrong = abs(math.log(weights["likelihood"])) > slack["likelihood"]
            factor = weights["likelihood"] * size_factor(shared, sizes)
            if shared or wrong:
                verdicts.append(Verdict("overall-factor", factor, shared | common))
            return verdicts
        shared |= common
    if shared:
        verdicts.append(Verdict("overall-factor", size_factor(shared, sizes), shared))
    in_sizes = size_factor({n: p for n, p in shared.items() if n != BATCH}, sizes)
    for name, term in present.items():
        own = {n: p - shared.get(n, 0) for n, p in powers[name].items() if p != shared.get(n, 0)}
        if own:
            verdicts.append(Verdict(f"{name}-reduction", size_factor(own, sizes), own))
        if name in weights and not (term.free_weight or term.weight is None):
            number = weights[name] / in_sizes / size_factor(own, sizes)
            if _distance(number, free=False) > slack[name]:
                verdicts.append(Verdict(f"{name}-weight", number))
    return verdicts


def _telling_powers(
    term: Term, weight: float | None, powers: Mapping[str, int], sizes: Sequence[Size]
) -> dict[str, int]:
    """The powers of sizes that explain a weight, without those that a written number undoes."""
    if weight is None:
        return {name: power for name, power in powers.items() if power}
    free = term.free_weight or term.weight is None
    of_axes = [abs(power) for name, power in powers.items() if name not in (BATCH, LATENT)]
    steps = itertools.product(
        range(max(of_axes, default=0) + 1), range(abs(powers.get(LATENT, 0)) + 1)
    )
    # The axes of the event go together: a mean is taken over all of them or none is undone.
    candidates = [
        {
            name: int(math.copysign(min(abs(power), latent if name == LATENT else event), power))
            for name, power in powers.items()
        }
        for event, latent in steps
    ]
    # Of equally good explanations the one with more sizes wins, for those were measured.
    best = min(
        candidates,
        key=lambda c: (
            round(_distance(weight / size_factor(c, sizes), free=free), 6),
            -sum(map(abs, c.values())),
        ),
    )
    return {name: power for name, power in best.items() if power}
