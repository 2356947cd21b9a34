"""Checks a loss at extreme inputs: is it finite, and is it bounded below?

The inputs are the same for every loss, and ordinary correct losses are finite at all of them: a
decoder's probability may be exactly 0 or 1 (a float32 sigmoid gives both), a logit ±40, a mean
±1000; an encoder's mean ±1000 (±20 where the KL is none), a scale or variance from 1e-6 to 1000,
and any other second output ±20. The calls are in float32, where the loss accepts it, because
networks are.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tfp_vae.audit.calls.blackbox import CallError
from tfp_vae.audit.probes.design import Point
from tfp_vae.audit.probes.loss_probe import LossProbe
from tfp_vae.audit.probes.measured import Measured
from tfp_vae.audit.terms.kl_term import KLTerm
from tfp_vae.audit.terms.likelihood_term import LikelihoodTerm

Array = np.ndarray


@dataclass(frozen=True)
class Ray:
    """Ever larger values of one input, with the others fixed."""

    words: str
    distances: tuple[float, ...]
    points: tuple[Point, ...]


def _both_values(point: Point) -> Array:
    return (np.arange(point.x.size) % 2).reshape(point.x.shape).astype(np.float64)


def _extreme_points(probe: LossProbe, kl: KLTerm) -> Iterator[tuple[str, Point]]:
    rest = probe.design.resting_event()
    values: tuple[float, ...]
    if probe.design.likelihood == "normal":
        values, name = (-1e3, 1e3), "the decoder's mean"
    elif probe.design.decoder_output == "logits":
        values, name = (-40.0, 40.0), "the decoder's logit"
    else:
        values, name = (0.0, 1.0), "the decoder's probability"
    if probe.design.decoder_range is not None:
        # What the real decoder cannot give does not count.
        low, high = probe.design.decoder_range
        values = tuple(sorted({min(max(value, low), high) for value in values}))
    grey = probe.design.likelihood == "continuous_bernoulli"
    x = np.where(_both_values(rest) > 0, 0.9, 0.1) if grey else _both_values(rest)
    for value in values:
        yield (
            f"{name} at {value:g}",
            replace(rest, x=x, decoder_output=np.full_like(rest.x, value)),
        )
    if not rest.encoder_outputs:
        return
    loc, *others = rest.encoder_outputs
    far = 1e3 if kl.reading is not None else 20.0
    for value in (-far, far):
        moved = (np.full_like(loc, value), *others)
        yield f"μ at {value:g}", replace(rest, encoder_outputs=moved)
    if others:
        for value in _extreme_second_outputs(kl):
            moved = (loc, np.full_like(loc, value))
            yield f"s at {value:g}", replace(rest, encoder_outputs=moved)


def _extreme_second_outputs(kl: KLTerm) -> tuple[float, ...]:
    readings = kl.possible_readings
    if readings and all(r.positive_only for r in readings):
        return 1e-6, 1e3
    if kl.both_signs:
        return -20.0, 20.0
    return 1e-6, 20.0


def not_finite_at(probe: LossProbe, kl: KLTerm) -> list[str]:
    """Lists the extreme inputs at which the loss is NaN or infinite, with its value there."""
    found = []
    for words, point in _extreme_points(probe, kl):
        try:
            value = probe.value_in_float32(point)
        except CallError as error:
            found.append(f"it raises {type(error.__cause__).__name__} with {words}")
            continue
        if not np.isfinite(value):
            found.append(f"it is {value} with {words}")
    return found


def _event_rays(probe: LossProbe) -> Iterator[Ray]:
    rest = probe.design.resting_event()
    ones, zeros = np.ones_like(rest.x), np.zeros_like(rest.x)
    far: tuple[float, ...] = ()
    starts: list[tuple[Array, float, str]] = []
    if probe.design.likelihood == "normal":
        far, starts = (10.0, 1e2, 1e3, 1e4), [(zeros, 1.0, "d"), (zeros, -1.0, "-d")]
    elif probe.design.decoder_output == "logits":
        far = (10.0, 20.0, 40.0, 80.0)
        starts = [(x, sign, "±logit") for x in (zeros, ones) for sign in (1.0, -1.0)]
    near = (1e-4, 1e-8, 1e-16, 1e-32)
    rays = [(far, *start) for start in starts]
    # A loss that takes d for a probability falls as d goes to 0, whatever d was declared to be.
    rays += [(near, ones, 1.0, "d → 0"), (near, zeros, 1.0, "d → 0")]
    for distances, x, sign, words in rays:
        points = tuple(
            replace(rest, x=x, decoder_output=np.full_like(x, sign * t)) for t in distances
        )
        yield Ray(f"the decoder's output ({words})", distances, points)


def _encoder_rays(probe: LossProbe, kl: KLTerm) -> Iterator[Ray]:
    rest = probe.design.resting_event()
    if not rest.encoder_outputs:
        return
    loc, *others = rest.encoder_outputs

    def ray(words: str, index: int, values: Sequence[float]) -> Ray:
        points = []
        for value in values:
            outputs = [loc, *others]
            outputs[index] = np.full_like(loc, value)
            points.append(replace(rest, encoder_outputs=tuple(outputs)))
        return Ray(words, tuple(values), tuple(points))

    far = (10.0, 1e2, 1e3, 1e4)
    yield ray("μ", 0, far)
    yield ray("μ", 0, [-v for v in far])
    if not others:
        return
    readings = kl.possible_readings
    yield ray("s", 1, (5.0, 10.0, 20.0, 40.0))
    yield ray("s", 1, (1e-2, 1e-4, 1e-8, 1e-16))
    if readings and all(r.positive_only for r in readings):
        yield ray("s", 1, far)
    elif kl.both_signs:
        yield ray("s", 1, (-5.0, -10.0, -20.0, -40.0))


def _falls_forever(measured: Measured) -> bool:
    values = measured.values
    if np.any(np.isnan(values)) or values[-1] == np.inf:
        return False
    if values[-1] == -np.inf:
        return True
    earlier, last = values[2] - values[1], values[3] - values[2]
    slack = float(np.sum(measured.slack[1:]))
    return bool(earlier < -slack and last < min(0.25 * earlier, -slack))


def falling_rays(probe: LossProbe, likelihood: LikelihoodTerm, kl: KLTerm) -> list[str]:
    """Names the inputs along which the loss falls without bound.

    A known term with the right sign is left out: a KL divergence is never negative,
    and a continuous log-density may rise above 0 without any mistake.
    """
    rays: list[Ray] = []
    if likelihood.fit is None or likelihood.fit.weight < 0:
        rays += _event_rays(probe)
    if kl.fit is None or kl.fit.weight < 0:
        rays += _encoder_rays(probe, kl)
    found: dict[str, str] = {}
    for ray in rays:
        try:
            measured = probe.measure(ray.points)
        except CallError:
            continue
        if _falls_forever(measured):
            steps = zip(ray.distances[1:], measured.values[1:], strict=True)
            values = ", ".join(f"{value:.3g} at {distance:g}" for distance, value in steps)
            found.setdefault(ray.words, f"along {ray.words}: {values}")
    return list(found.values())
