"""Tells a term that couples the rows of a batch, as a maximum mean discrepancy does."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from tfp_vae.audit.calls.frameworks import kept_random_states, set_seeds
from tfp_vae.audit.probes.design import Point
from tfp_vae.audit.probes.loss_probe import LossProbe
from tfp_vae.audit.probes.measured import Measured

Array = np.ndarray

_SEED = 23
# Rounding, also to float32, changes less; a term that couples rows is of the order of its spread.
_PART_OF_SPREAD = 1e-3
_ROUNDING_UNITS = 64.0


def couples_rows(probe: LossProbe) -> bool:
    """Whether the encoder's outputs of one row change what those of another add to the loss.

    A KL divergence is a sum over rows, and so is any function of each row's mean and scale: what a
    change of two rows does to it is the sum of what the change of each does alone. The maximum mean
    discrepancy between draws of z and of the prior is none, and the audit cannot read it.

    Args:
        probe: The loss. One with noise is compared at the same noise, or else within its noise.

    Source:
        Zhao, Song and Ermon, InfoVAE, 2019 (the maximum mean discrepancy in place of the KL).
    """
    if probe.design.batch_size < 2 or not probe.design.encoder_output_count:
        return False
    first, *_, last = probe.design.encoder_points(positive=True)[:-1]
    half = probe.design.batch_size // 2
    points = [first, _rows_of(last, first, half), _rows_of(first, last, half), last]
    measured = (_at_the_same_noise(probe, points) if probe.random else None) or probe.measure(
        points
    )
    if not measured.finite:
        return False
    here, one, other, both = measured.values
    mixed = abs(here - one - other + both)
    return bool(mixed > float(np.sum(measured.slack)) + _PART_OF_SPREAD * measured.spread)


def _rows_of(first: Point, second: Point, half: int) -> Point:
    """The first rows' encoder outputs of one point, and the others' of another."""
    outputs = zip(first.encoder_outputs, second.encoder_outputs, strict=True)
    return replace(
        first, encoder_outputs=tuple(np.concatenate([a[:half], b[half:]]) for a, b in outputs)
    )


def _at_the_same_noise(probe: LossProbe, points: list[Point]) -> Measured | None:
    """The values of one call at each point, all with the same noise; None if it differs."""

    def value(point: Point) -> float:
        set_seeds(_SEED)
        return float(probe.rows(point).mean())

    with kept_random_states():
        return _repeated(value, points, probe.box.epsilon)


def _repeated(
    value: Callable[[Point], float], points: list[Point], epsilon: float
) -> Measured | None:
    values = np.array([value(point) for point in points])
    rounding = _ROUNDING_UNITS * epsilon * np.abs(values)
    if abs(value(points[0]) - values[0]) > rounding[0]:
        return None
    return Measured(values, rounding)
