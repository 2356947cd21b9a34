"""Measures how each term's weight scales with the sizes, by giving every example or axis twice."""

import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from tfp_vae.audit.calls.blackbox import CallError
from tfp_vae.audit.probes.design import Point
from tfp_vae.audit.probes.loss_probe import LossProbe
from tfp_vae.audit.probes.measured import NOISE_WIDENING, Change, Z

BATCH = "batch size"
LATENT = "latent size"
_LATENT_AXIS = "size of latent axis"
_SNAP = 0.05


@dataclass(frozen=True)
class Size:
    """A size that a weight may follow."""

    name: str
    value: int

    def doubled(self, point: Point) -> Point:
        """The point with everything along this size given twice."""
        if self.name == BATCH:
            return point.doubled_batch()
        if self.name == LATENT:
            return point.doubled_latents()
        if is_latent(self.name):
            return point.doubled_latent_axis(int(self.name.rsplit(" ", 1)[1]))
        return point.doubled_event_axis(int(self.name.rsplit(" ", 1)[1]))


def is_latent(name: str) -> bool:
    """Whether a size is one of the latents."""
    return name == LATENT or name.startswith(_LATENT_AXIS)


def latent_axis_name(axis: int) -> str:
    """The name of the size of one of several axes of the latents."""
    return f"{_LATENT_AXIS} {axis}"


def event_axis_name(axis: int) -> str:
    """The name of the size of one axis of the event."""
    return f"size of event axis {axis}"


@dataclass(frozen=True)
class ScalingLaws:
    """How the weights of two terms scale with the sizes.

    Attributes:
        likelihood: Exponents of the likelihood's weight, by the size's name; a size whose law
            could not be measured is absent.
        kl: The same for the KL divergence.
        irregular: The sizes that a weight follows by no power.
        unmeasured: Sizes -> why their law could not be measured.
        likelihood_rises: Whether the loss rises as the decoder's output leaves the data.
    """

    likelihood: Mapping[str, int] = field(default_factory=dict)
    kl: Mapping[str, int] = field(default_factory=dict)
    irregular: frozenset[str] = frozenset()
    unmeasured: Mapping[str, str] = field(default_factory=dict)
    likelihood_rises: bool = False


@dataclass(frozen=True)
class Corners:
    """Three points between which each term changes alone."""

    start: Point
    other_event: Point
    other_encoder: Point

    def doubled(self, size: Size) -> "Corners":
        """The three points with everything along a size given twice."""
        return Corners(
            size.doubled(self.start),
            size.doubled(self.other_event),
            size.doubled(self.other_encoder),
        )


def corners_of(probe: LossProbe, *, far: bool = False) -> Corners:
    """Makes three points between which the likelihood and the KL each change a lot, alone.

    Args:
        probe: The loss.
        far: Whether the KL starts far from the prior, where no floor under it is at work.
    """
    rest = probe.design.resting_event()
    bad_fit = probe.design.likelihood_points()[0]
    start = rest
    if probe.design.kind != "mean":
        start = rest.with_event(probe.design.likelihood_points()[-1])
    if far:
        loc, *others = start.encoder_outputs
        start = replace(start, encoder_outputs=(loc + 12.0, *others))
    encoder = start.encoder_outputs
    changed = tuple(
        e + step * (1.0 + np.arange(e.shape[-1]) / e.shape[-1])
        for e, step in zip(encoder, (5.0, 0.5), strict=False)
    )
    return Corners(start, start.with_event(bad_fit), replace(start, encoder_outputs=changed))


def measure_scaling_laws(probe: LossProbe, sizes: list[Size], *, far: bool = False) -> ScalingLaws:
    """Measures how the weights of both terms follow the sizes.

    Args:
        probe: The loss.
        sizes: The sizes to double, each on its own.
        far: Whether to measure the KL far from the prior.
    """
    corners = corners_of(probe, far=far)
    event_change, encoder_change = _changes(probe, corners)
    likelihood: dict[str, int] = {}
    kl: dict[str, int] = {}
    irregular: set[str] = set()
    unmeasured: dict[str, str] = {}
    for size in sizes:
        doubled = corners.doubled(size)
        try:
            changes = _changes(probe, doubled)
        except (CallError, ValueError) as error:
            unmeasured[size.name] = f"at another {size.name} the loss failed: {_first_line(error)}"
            continue
        of_latents = is_latent(size.name)
        summed = (size.name != BATCH and not of_latents, of_latents)
        for exponents, single, double, is_summed in zip(
            (likelihood, kl), (event_change, encoder_change), changes, summed, strict=True
        ):
            if not single.resolved:
                continue
            exponent = _exponent(single, double, 2.0 if is_summed else 1.0)
            if exponent is None and probe.random:
                unmeasured[size.name] = "the loss is random, and its noise hides it"
            elif exponent is None:
                irregular.add(size.name)
            else:
                exponents[size.name] = exponent
    rises = event_change.resolved and event_change.value > 0.0
    return ScalingLaws(likelihood, kl, frozenset(irregular), unmeasured, rises)


def _changes(probe: LossProbe, corners: Corners) -> tuple[Change, Change]:
    """By how much the loss rises from the start to the (other event, other encoder outputs)."""
    measured = probe.measure([corners.start, corners.other_event, corners.other_encoder])
    return measured.change(0, 1), measured.change(0, 2)


def _first_line(error: Exception) -> str:
    # TensorFlow's messages begin with the name of a graph node in double braces.
    lines = re.sub(r"\{\{.*?\}\}\s*", "", str(error)).strip().splitlines()
    return textwrap.shorten(lines[0], 120) if lines else type(error).__name__


def _exponent(single: Change, double: Change, expected_ratio: float) -> int | None:
    ratio = double.value / single.value / expected_ratio
    if not np.isfinite(ratio) or ratio <= 0:
        return None
    exponent = float(np.log2(ratio))
    relative = np.hypot(double.error / double.value, single.error / single.value)
    slack = _SNAP + Z * relative / np.log(2.0)
    nearest = round(exponent)
    return nearest if abs(exponent - nearest) <= slack < 0.5 else None


def terms_are_added(probe: LossProbe) -> bool:
    """Whether the loss is a sum of a function of (x, d) and one of the encoder's outputs."""
    corners = corners_of(probe)
    both = replace(corners.other_event, encoder_outputs=corners.other_encoder.encoder_outputs)
    measured = probe.measure([corners.start, corners.other_event, corners.other_encoder, both])
    event, apart, together = measured.change(0, 1), measured.change(0, 2), measured.change(1, 3)
    mixed = abs(together.value - apart.value)
    smaller = min(abs(apart.value), abs(event.value))
    return not mixed > 1e-2 * smaller + Z * np.hypot(apart.error, together.error)


def aggregated_terms(probe: LossProbe) -> tuple[bool, bool]:
    """Whether one example's (likelihood, KL) moves the value that the loss gives to another."""
    if not probe.per_example or probe.design.batch_size < 2:
        return False, False
    corners = corners_of(probe)
    start = probe.repeated_rows(corners.start)
    return (
        _moves_others(probe, start, _first_row_of(corners.other_event, corners.start)),
        _moves_others(probe, start, _first_row_of(corners.other_encoder, corners.start)),
    )


def _first_row_of(changed: Point, start: Point) -> Point:
    def merge(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.concatenate([a[:1], b[1:]])

    return replace(
        start,
        x=merge(changed.x, start.x),
        decoder_output=merge(changed.decoder_output, start.decoder_output),
        encoder_outputs=tuple(map(merge, changed.encoder_outputs, start.encoder_outputs)),
    )


def _moves_others(probe: LossProbe, start: np.ndarray, changed: Point) -> bool:
    rows = probe.repeated_rows(changed)
    # The mean over the other rows: an aggregate moves all of them alike.
    before, after = start[:, 1:].mean(1), rows[:, 1:].mean(1)
    noise = 0.0
    if probe.random:
        scatter = float(np.hypot(before.std(ddof=1), after.std(ddof=1)))
        noise = NOISE_WIDENING * scatter / np.sqrt(len(before))
    rounding = 64.0 * probe.box.epsilon * float(np.max(np.abs(rows)))
    return bool(abs(after.mean() - before.mean()) > Z * noise + rounding)
