"""Reads a KL with another scale or prior, or with a floor, far from the prior and then near it.

Far from the prior no floor, capacity or hinge is at work, so there the loss is a multiple of the KL
itself: a(μ - m)² in the mean, and in the second output p σ² - q log σ². Near the prior, what the
loss adds to that multiple is the floor.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tfp_vae.audit.probes.fitting import AffineFit
from tfp_vae.audit.probes.loss_probe import LossProbe
from tfp_vae.audit.probes.measured import Measured
from tfp_vae.audit.scales.families import of_divergence
from tfp_vae.audit.scales.readings import UNIT_SCALE, Reading
from tfp_vae.audit.terms.kl_floor import FAR, equal_points, plain_fit, second_outputs, with_floor
from tfp_vae.audit.terms.kl_model import KLModel

Array = np.ndarray

_EXACT = 1e-6
_LEAST_VARIANCE = 1e-3


def read_structure(
    probe: LossProbe,
    readings: Sequence[Reading],
    *,
    both_signs: bool,
    declared_variance: float = 1.0,
) -> tuple[KLModel, AffineFit] | None:
    """Reads the KL far from the prior, and what is made of it near the prior.

    Args:
        probe: A loss without noise.
        readings: The scales to try, the preferred first.
        both_signs: Whether the loss is finite for negative second outputs.
        declared_variance: The variance of the declared prior.

    Returns:
        The KL and its fit, or None if no KL explains every measured value.
    """
    square = _square(probe)
    if square is None or square[0] == 0.0:
        return None
    curvature, mean = square
    for model in _far_models(probe, readings, both_signs, curvature, mean, declared_variance):
        fit = plain_fit(probe, model, both_signs)
        if fit is not None:
            return model, fit
        floored = with_floor(probe, model, both_signs)
        if floored is not None:
            return floored
    return None


def _tolerated(measured: Measured) -> Array:
    return np.asarray(_EXACT * measured.spread + measured.slack)


def _square(probe: LossProbe) -> tuple[float, float] | None:
    """The curvature a and the centre m of a latent's part a(μ - m)² far out; None if it is none."""
    loc = np.array([-1.5, -1.25, -1.0, 1.0, 1.25, 1.5]) * FAR
    measured = probe.measure_where_defined(equal_points(probe, list(loc), [0.5] * len(loc)))
    if not measured.finite:
        return None
    columns = np.stack([loc**2, loc, np.ones_like(loc)], 1)
    coefficients, *_ = np.linalg.lstsq(columns, measured.values, rcond=None)
    if np.any(np.abs(columns @ coefficients - measured.values) > _tolerated(measured)):
        return None
    a, b, _ = map(float, coefficients)
    if abs(a) * FAR**2 <= 1e-6 * measured.spread:
        return None
    mean = -b / (2.0 * a)
    return a / probe.design.latent_size, 0.0 if abs(mean) < 1e-5 else float(f"{mean:.6g}")


def _far_models(
    probe: LossProbe,
    readings: Sequence[Reading],
    both_signs: bool,
    curvature: float,
    mean: float,
    declared_variance: float,
) -> list[KLModel]:
    """The KLs that explain the values far from the prior."""
    if probe.design.encoder_output_count == 1:
        return [KLModel(UNIT_SCALE, (mean, 1.0))]
    models = []
    for positive_only in (False, True):
        if not (positive_only or both_signs):
            continue
        second = second_outputs(positive_only)
        measured = probe.measure_where_defined(
            equal_points(probe, [FAR] * len(second), list(second))
        )
        if not measured.finite or measured.constant:
            continue
        of_second = measured.values / probe.design.latent_size
        tolerated = _tolerated(measured) / probe.design.latent_size
        for reading in readings:
            if reading.positive_only == positive_only:
                scale = reading.scale_of(second)
                models += _as_scale(reading, scale, of_second, tolerated, curvature, mean)
        if not models:
            found = of_divergence(
                second,
                of_second / (2.0 * curvature),
                float(np.max(tolerated)) / abs(curvature),
                declared_variance,
            )
            if found is not None:
                models.append(KLModel(found[0], (mean, found[1])))
        models += _clipped(second, of_second, tolerated, readings, curvature, mean, positive_only)
    return models


def _as_scale(
    reading: Reading,
    scale: Array,
    of_second: Array,
    tolerated: Array,
    curvature: float,
    mean: float,
) -> list[KLModel]:
    """The KL under a reading, if p σ² - q log σ² explains the values and p is the curvature."""
    if not np.all(np.isfinite(scale)) or np.any(scale <= 0.0):
        return []
    columns = np.stack([scale**2, np.log(scale**2), np.ones_like(scale)], 1)
    coefficients, *_ = np.linalg.lstsq(columns, of_second, rcond=None)
    if np.any(np.abs(columns @ coefficients - of_second) > tolerated):
        return []
    p, q, _ = map(float, coefficients)
    variance = -q / curvature
    # A prior's variance near 0 stands for a missing logarithm, one near 1 for a wrong factor.
    if variance < _LEAST_VARIANCE or 1e-6 < abs(variance - 1.0) < 0.02:
        return []
    if reading.scaled is not None and abs(p / curvature - 1.0) < 0.2:
        reading = reading.scaled(float(np.sqrt(p / curvature)))
    elif abs(p / curvature - 1.0) > 1e-4:
        return []
    near = float(f"{variance:.5g}")
    return [KLModel(reading, (mean, near if abs(near / variance - 1.0) < 1e-5 else variance))]


def _clipped(
    second: Array,
    of_second: Array,
    tolerated: Array,
    readings: Sequence[Reading],
    curvature: float,
    mean: float,
    positive_only: bool,
) -> list[KLModel]:
    """The KL under a reading of the clipped second output, if the values end in plateaus."""
    changes = np.abs(np.diff(of_second)) > 1e-9 * np.ptp(of_second) + 2.0 * tolerated[1:]
    if np.all(changes) or not np.any(changes):
        return []
    first, last = int(np.argmax(changes)), len(changes) - int(np.argmax(changes[::-1]))
    inside = slice(first + 1 if first else 0, last if last < len(changes) else last + 1)
    if len(second[inside]) < 6:
        return []
    models = []
    for reading in readings:
        if reading.positive_only != positive_only:
            continue
        scale = reading.scale_of(second)
        for model in _as_scale(
            reading, scale[inside], of_second[inside], tolerated[inside], curvature, mean
        ):
            low = _limit(model, curvature, second, of_second, inside, 0, first)
            high = _limit(model, curvature, second, of_second, inside, -1, len(changes) - last)
            models.append(replace(model, reading=clipped_reading(reading, low, high)))
    return models


def _limit(
    model: KLModel,
    curvature: float,
    second: Array,
    of_second: Array,
    inside: slice,
    end: int,
    is_flat: int,
) -> float | None:
    """Where the second output is clipped at one end, None if it is not."""
    if not is_flat:
        return None
    inner = second[inside][end]
    outer = inner - (second[1] - second[0]) if end == 0 else inner + (second[1] - second[0])

    def value(s: float) -> float:
        loc = np.full([1, 1, 1], model.prior[0])
        return float(model((loc, np.full([1, 1, 1], s)))[0])

    weight = 2.0 * curvature * model.prior[1]
    target = value(inner) + (of_second[end] - of_second[inside][end]) / weight
    near, far = float(inner), float(outer)
    rising = value(far) > value(near)
    for _ in range(60):
        middle = 0.5 * (near + far)
        if (value(middle) < target) == rising:
            near = middle
        else:
            far = middle
    return float(f"{near:.5g}")


def clipped_reading(reading: Reading, low: float | None, high: float | None) -> Reading:
    """A reading of the second output clipped to [low, high]; None for no limit."""
    floor = -np.inf if low is None else low
    ceiling = np.inf if high is None else high
    words = f"clip(s, {floor:g}, {ceiling:g})"

    def scale(s: Array) -> Array:
        return np.asarray(reading.scale(np.clip(np.asarray(s), floor, ceiling)))

    return replace(
        reading,
        scale=scale,
        formula=f"{reading.formula}, s = {words}",
        kl_template="",
        equation=f"{words} = {reading.name}",
        limits=(low, high),
    )
