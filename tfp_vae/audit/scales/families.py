# ruff: noqa: RUF001, RUF002, RUF003 - the Greek letter sigma is meant
"""Recognises a scale that is a simple function of the second output: a floor and a factor."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from tfp_vae.audit.scales.fit import fitted_scales
from tfp_vae.audit.scales.readings import Reading, other_scale

Array = np.ndarray

_EXACT = 1e-6
_LEAST_SCALE, _LARGEST_SCALE = 0.1, 5.0


@dataclass(frozen=True)
class _Link:
    words: str
    template: str
    function: Callable[[tf.Tensor], tf.Tensor]
    positive_only: bool = False


_LINKS = (
    _Link("softplus(s)", "{softplus}({s})", tf.nn.softplus),
    _Link("eˢ", "{exp}({s})", tf.exp),
    _Link("e^(s/2)", "{exp}({s} / 2.0)", lambda s: tf.exp(s / 2.0)),
    _Link("sigmoid(s)", "{sigmoid}({s})", tf.sigmoid),
    _Link("elu(s)", "{elu}({s})", tf.nn.elu),
    _Link("tanh(s)", "{tanh}({s})", tf.tanh),
    _Link("s", "{s}", lambda s: s),
    _Link("|s|", "{abs}({s})", tf.abs),
    _Link("s²", "{s}**2", lambda s: s * s),
    _Link("softplus(s/2)", "{softplus}({s} / 2.0)", lambda s: tf.nn.softplus(s / 2.0)),
    _Link("e⁻ˢ", "{exp}(-{s})", lambda s: tf.exp(-s)),
    _Link("e^(-s/2)", "{exp}(-{s} / 2.0)", lambda s: tf.exp(-s / 2.0)),
)
# What is a floor plus a factor times the link: σ, σ² or log σ.
_TARGETS: dict[str, tuple[Callable[[Array], Array], str, str]] = {
    "σ": (lambda value: value, "σ = {}", "{}"),
    "σ²": (np.sqrt, "σ² = {}", "{{sqrt}}({})"),
    "log σ": (np.exp, "log σ = {}", "{{exp}}({})"),
}


def _number(value: float) -> str:
    rounded = float(f"{value:.6g}")
    return repr(int(rounded)) if rounded == int(rounded) and abs(rounded) < 1e6 else repr(rounded)


def _made(
    target: str, link: _Link, floor: float, factor: float, *, is_approximate: bool = False
) -> Reading:
    turned, words, code = _TARGETS[target]
    times = "" if factor == 1.0 else ("-" if factor == -1.0 else f"{_number(factor)}·")
    plus = "" if floor == 0.0 else f"{_number(floor)} + "
    times_code = "" if factor == 1.0 else f"{factor!r} * "
    plus_code = "" if floor == 0.0 else f"{floor!r} + "

    def scale(s: tf.Tensor) -> tf.Tensor:
        with np.errstate(all="ignore"):
            return tf.constant(turned(floor + factor * np.asarray(link.function(s))))

    def scaled(by: float) -> Reading:
        if target == "log σ":
            return _made(target, link, _rounded(floor + np.log(by), 2e-4), factor)
        power = by**2 if target == "σ²" else by
        return _made(target, link, _rounded(floor * power, 2e-4), _rounded(factor * power, 2e-4))

    return other_scale(
        words.format(f"{plus}{times}{link.words}"),
        scale,
        code.format(f"{plus_code}{times_code}{link.template}"),
        positive_only=link.positive_only,
        scaled=scaled if is_approximate else None,
    )


def _rounded(value: float, slack: float = 1e-6) -> float:
    """A number as a person wrote it, if it is near one."""
    for digits in (1, 2, 3, 4):
        near = float(f"{value:.{digits}g}")
        if abs(near - value) <= slack * max(abs(value), 1e-3):
            return near
    return 0.0 if abs(value) < 1e-9 else value


def of_scale(s: Array, scale: Array) -> Reading | None:
    """The function that maps s to σ exactly, None if it is none of the known ones.

    Args:
        s: Second encoder outputs, `[N]`.
        scale: σ up to a factor near 1, `[N]`.
    """
    turns = {"σ": scale, "σ²": scale**2, "log σ": np.log(scale)}
    for target, link, values in _candidates(s):
        wanted = turns[target]
        columns = np.stack([np.ones_like(values), values], 1)
        coefficients, *_ = np.linalg.lstsq(columns, wanted, rcond=None)
        if np.max(np.abs(columns @ coefficients - wanted)) <= _EXACT * np.ptp(wanted):
            floor, factor = map(float, coefficients)
            if target == "log σ":
                near = round(floor, 2)
                is_near = abs(near - floor) <= 0.012
                floor = near if is_near else floor
                return _made(target, link, floor, _rounded(factor, 1e-4), is_approximate=True)
            unit = _unit(factor, target)
            floor, factor = _rounded(floor * unit, 2e-4), _rounded(factor * unit, 2e-4)
            return _made(target, link, floor, factor, is_approximate=True)
    return None


def _unit(factor: float, target: str) -> float:
    """What makes a factor, known up to 1 %, a number that a person wrote."""
    near = float(f"{factor:.1g}") if abs(factor) < 1.0 else round(factor, 1)
    slack = 0.012 if target == "σ" else 0.024
    return near / factor if near and abs(near / factor - 1.0) <= slack else 1.0


def _candidates(s: Array) -> Iterator[tuple[str, _Link, Array]]:
    for target in _TARGETS:
        for link in _LINKS:
            values = np.asarray(link.function(tf.constant(s)))
            if np.all(np.isfinite(values)) and np.ptp(values) > 0.0:
                yield target, link, values


def of_divergence(
    s: Array, divergence: Array, slack: float = 0.0, variance: float = 1.0
) -> tuple[Reading, float] | None:
    """The σ(s) and the v of which ½(σ² - v log σ²) is a divergence up to a constant, exactly.

    Args:
        s: Second encoder outputs, `[N]`.
        divergence: The divergences that they add, `[N]`.
        slack: Their largest error.
        variance: The declared v, which is tried after 1 and before any other.
    """
    centred = divergence - divergence.mean()
    spread = float(np.ptp(divergence))
    starts = [np.array(start) for start in ((0.1, 1.0), (1e-3, 0.9), (0.5, 0.5))]
    tried: list[tuple[Array, float | None]] = [
        (start, v) for v in dict.fromkeys((1.0, variance)) for start in starts
    ]
    tried.append((np.array([0.1, 1.0, 1.0]), None))
    candidates = list(_candidates(s))
    targets = [target for target, _, _ in candidates]
    values = np.stack([each for _, _, each in candidates])
    for start, given in tried:
        solved, misfits = fitted_scales(targets, values, centred, start, given)
        for (target, link, _), parameters, misfit in zip(candidates, solved, misfits, strict=True):
            if misfit <= _EXACT * spread + 2.0 * slack:
                rounding = 1e-6 if slack <= 1e-8 else 2e-3
                floor, factor, *others = (_rounded(float(p), rounding) for p in parameters)
                reading = _made(target, link, floor, factor)
                # A vanishing scale would stand for a divergence without σ², a vast one for one
                # without log σ².
                scales = reading.scale_of(s)
                if np.max(scales) > _LEAST_SCALE and np.min(scales) < _LARGEST_SCALE:
                    return reading, others[0] if others else given or 1.0
    return None
