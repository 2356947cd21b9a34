"""Finds the sizes that explain the weight of a term."""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from tfp_vae.audit.terms.scaling_laws import BATCH, Size, is_latent

WEIGHT_TOLERANCE = 5e-3
# The axes of an event are judged apart only where they explain a weight to this logarithm.
_EXACT_WEIGHT = 1e-5
# A number of two digits is told from others to this relative error, which float32 allows.
_SHORT = 1e-4


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
class ExplainedWeight:
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

    def at_batch_size(self, batch_size: int) -> "ExplainedWeight":
        """The weight for batches of this size, as a number."""
        value = self.value
        if value is not None:
            value *= float(batch_size) ** self.batch_power
        return replace(self, value=value, batch_power=0)

    def following(self, measured: Mapping[str, int], other: Mapping[str, int]) -> "ExplainedWeight":
        """The weight with the measured powers of sizes that explain the other term, too.

        Args:
            measured: The powers by which the weight follows the sizes.
            other: The powers that explain the other term.
        """
        both = {name: power for name, power in other.items() if measured.get(name) == power}
        return replace(self, powers={**both, **self.powers})


def size_factor(exponents: Mapping[str, int], sizes: Sequence[Size]) -> float:
    """The product of sizes to their powers."""
    values = {size.name: size.value for size in sizes}
    return math.prod(float(values[name]) ** power for name, power in exponents.items())


def explained(
    term: Term, sizes: Sequence[Size], expected: float, *, of_latents: bool = False
) -> ExplainedWeight:
    """Finds the sizes that explain a term's weight.

    Args:
        term: The term.
        sizes: All the sizes.
        expected: The weight that the term should have.
        of_latents: Whether it is a term of the latents, which may be averaged over them.
    """
    powers = _complete(term, sizes, of_latents=of_latents)
    batch_power = powers.pop(BATCH, 0)
    batch_size = next(size.value for size in sizes if size.name == BATCH)
    measured = term.weight if term.weight is not None else term.rough_weight
    value, slack = None, 0.0
    if measured is not None and measured > 0.0:
        value = measured / float(batch_size) ** batch_power / expected
        slack = WEIGHT_TOLERANCE + term.weight_slack / measured
        free = term.free_weight or term.weight is None
        powers = _explaining_powers(value, powers, sizes, free=free)
    return ExplainedWeight(
        value,
        slack,
        is_exact=term.weight is not None,
        is_free=term.free_weight,
        batch_power=batch_power,
        powers={name: power for name, power in powers.items() if power},
    )


def _complete(term: Term, sizes: Sequence[Size], *, of_latents: bool) -> dict[str, int]:
    """Adds the powers that could not be measured, if sizes explain the weight."""
    known = dict(term.exponents)
    unknown = [s.name for s in sizes if s.name not in known and s.value > 1]
    if term.weight is None or not unknown:
        return known
    guesses = sorted(
        itertools.product(*((0, -1, 1) if name == BATCH else (0, -1) for name in unknown)),
        key=lambda powers: sum(map(abs, powers)),
    )
    for guess in guesses:
        guessed = dict(zip(unknown, guess, strict=True))
        rest = term.weight / size_factor({**known, **guessed}, sizes)
        if distance(rest, free=term.free_weight) <= WEIGHT_TOLERANCE:
            return known | guessed
    plain = known | dict.fromkeys(unknown, 0)
    averaged = [name for name in unknown if is_latent(name) and of_latents]
    is_noisy = term.weight_slack > _SHORT * term.weight
    if not averaged or is_noisy or _is_short(term.weight / size_factor(plain, sizes)):
        return plain
    # 1/3000 is a mean over three with the weight 0.001, which people write.
    guessed = plain | dict.fromkeys(averaged, -1)
    return guessed if _is_short(term.weight / size_factor(guessed, sizes)) else plain


def _is_short(weight: float) -> bool:
    """Whether a number has at most two significant digits."""
    return abs(float(f"{weight:.2g}") / weight - 1.0) < _SHORT


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
        return round(distance(rest, free=free), 6), -sum(map(abs, candidate.values()))

    some_axes = [c for c in _partial_axes(powers) if unexplained(c)[0] <= _EXACT_WEIGHT]
    if some_axes and min(map(unexplained, _partial_powers(powers)))[0] > _EXACT_WEIGHT:
        return min(some_axes, key=unexplained)
    return min(_partial_powers(powers), key=unexplained)


def _partial_axes(powers: Mapping[str, int]) -> Iterator[dict[str, int]]:
    """Yields the powers with some of the axes left out, such as the colours alone."""
    names = [name for name, power in powers.items() if power]
    for kept in itertools.product((0, 1), repeat=len(names)):
        yield {name: powers[name] * keep for name, keep in zip(names, kept, strict=True)}


def _partial_powers(powers: Mapping[str, int]) -> Iterator[dict[str, int]]:
    """Yields the powers cut to every smaller magnitude.

    The axes of the event are cut together: a mean is over all of them, and so is what cancels it.
    """
    of_event = max((abs(p) for name, p in powers.items() if not is_latent(name)), default=0)
    of_latent = max((abs(p) for name, p in powers.items() if is_latent(name)), default=0)
    for event, latent in itertools.product(range(of_event + 1), range(of_latent + 1)):
        yield {
            name: int(math.copysign(min(abs(power), latent if is_latent(name) else event), power))
            for name, power in powers.items()
        }


def distance(weight: float, *, free: bool) -> float:
    """How far a weight is from a right one, as a logarithm."""
    targets = (1.0, 2.0) if free else (1.0,)
    return min(abs(math.log(weight / target)) for target in targets)
