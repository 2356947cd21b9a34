# ruff: noqa: RUF002 - the Greek letter sigma is meant
"""Reads a sampler: is it the mean plus a scale times standard normal noise, and which scale?"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tfp_vae.audit.calls.blackbox import BlackBox, CallError
from tfp_vae.audit.probes.loss_probe import BATCH_SIZES
from tfp_vae.audit.samplers.forms import SamplerCall, sampler_calls
from tfp_vae.audit.samplers.noise import SAMPLER_Z, noise_factor, noise_faults
from tfp_vae.audit.samplers.scale import AT, measured_scale
from tfp_vae.audit.scales.readings import READINGS, UNIT_SCALE, Reading

Array = np.ndarray

DRAWS = 200_000
_ROWS_OF_MODEL = 8192
_LEVELS = np.array([0.2, 0.35, 0.6, 0.9, 1.3, 1.8, 2.5, 3.0])
_SIGNED_LEVELS = np.array([-2.5, -1.8, -1.2, -0.6, 0.4, 0.9, 1.6, 2.5])
# The standard deviation of log|ε| for a standard normal ε is π / √8.
_LOG_NOISE_SPREAD = np.pi / np.sqrt(8.0)


@dataclass(frozen=True)
class SamplerReading:
    """A sampler as it was read.

    Attributes:
        reading: How it reads the second encoder output, None if by no known reading.
        factor: The noise's standard deviation in units of the scale under that reading.
        faults: The mistakes of its noise, in words.
        spreads: (second output, standard deviation of the draws) pairs, for a report.
    """

    reading: Reading | None
    factor: float = 1.0
    faults: tuple[str, ...] = ()
    spreads: tuple[tuple[float, float], ...] = field(default=())

    @property
    def spread_fault(self) -> str | None:
        """The fault that the spread is a multiple of the scale, None if there is none."""
        return next((f for f in self.faults if f.endswith(" times the scale")), None)

    def draws_with(self, reading: Reading, *, factor: float = 1.0) -> bool:
        """Whether the draws' scale is `factor` times the one under a reading, within 3 %."""
        if self.reading is None:
            return False
        if reading.name == self.reading.name:
            return factor == 1.0 or abs(np.log(factor)) < 0.03
        levels = _LEVELS
        if not (reading.positive_only or self.reading.positive_only):
            levels = np.concatenate([_LEVELS, _SIGNED_LEVELS])
        with np.errstate(all="ignore"):
            apart = np.log(np.abs(self.reading.scale_of(levels) * factor)) - np.log(
                np.abs(reading.scale_of(levels))
            )
        return bool(np.all(np.abs(apart) < 0.03))


def probe_sampler(
    sampler: Callable[..., Any],
    latent_size: int,
    encoder_output_count: int,
    rows: int | None = None,
) -> SamplerReading:
    """Draws from a sampler and reads its noise.

    Args:
        sampler: The function of the encoder's outputs `[B, K]` that returns z `[B, K]`.
        latent_size: K.
        encoder_output_count: How many outputs the encoder has, 1 or 2.
        rows: How many rows a call draws, None for as many as the draws need.

    Raises:
        ValueError: If the sampler raises or returns a wrong shape.
        TypeError: If it returns no floats.
    """
    names = ("mean", "s")[:encoder_output_count]
    calls = 2
    if rows is None:
        rows = max(len(_LEVELS) * 8, -(-DRAWS // latent_size // len(_LEVELS)) * len(_LEVELS))
    else:
        calls = max(2, _ROWS_OF_MODEL // rows)
    sizes = (rows, *BATCH_SIZES)
    positive = [_encoder_outputs(n, latent_size, _LEVELS)[:encoder_output_count] for n in sizes]
    call, box, index = _settled(sampler, names, positive)
    calls = max(calls, min(64, rows // sizes[index]))
    return _read(box, call, positive[index], calls, _signed(positive[index]))


def _settled(
    sampler: Callable[..., Any], names: Sequence[str], candidates: Sequence[Sequence[Array]]
) -> tuple[SamplerCall, BlackBox, int]:
    """The form of the sampler that draws z of the mean's shape, and the inputs it accepts."""
    first: Exception | None = None
    forms = sampler_calls(sampler, len(names))
    # One row tells a form that is wrong quickly.
    few = [tuple(array[:2] for array in candidates[0])]
    for call in forms:
        box = BlackBox(call, "sampler", names)
        try:
            if len(forms) > 1 and box(*few[box.settle(few)]).shape != few[0][0].shape:
                continue
        except (ValueError, TypeError, CallError) as error:
            first = first or error
            if not isinstance(error, TypeError):
                continue
            raise
        return call, box, box.settle(candidates)
    for call in forms:
        box = BlackBox(call, "sampler", names)
        try:
            return call, box, box.settle(candidates)
        except ValueError as error:
            first = first or error
    assert first is not None
    raise first


def _encoder_outputs(rows: int, latent_size: int, levels: Array) -> tuple[Array, Array]:
    rng = np.random.default_rng(21)
    places = np.arange(rows)[:, None] + np.arange(latent_size)[None, :]
    return rng.normal(size=(rows, latent_size)), levels[places % len(levels)]


def _signed(positive: Sequence[Array]) -> tuple[Array, ...] | None:
    if len(positive) < 2:
        return None
    rows, latents = positive[0].shape
    return _encoder_outputs(rows, latents, _SIGNED_LEVELS)


def _draw(box: BlackBox, encoder_outputs: Sequence[Array], calls: int) -> Array:
    draws = []
    for _ in range(calls):
        z = box(*encoder_outputs)
        if z.shape != encoder_outputs[0].shape:
            raise ValueError(
                "`sampler` must return z of the encoder outputs' shape "
                f"{list(encoder_outputs[0].shape)}; got shape {list(z.shape)}."
            )
        draws.append(z)
    return np.stack(draws)


def _read(
    box: BlackBox,
    call: SamplerCall,
    positive: Sequence[Array],
    calls: int,
    signed: Sequence[Array] | None,
) -> SamplerReading:
    z = _draw(box, positive, calls)
    if not np.all(np.isfinite(z)):
        return SamplerReading(
            None, faults=("it returns NaN or infinity for a scale s in [0.2, 3]",)
        )
    loc = positive[0]
    slope = _slope(z, loc)
    faults = [] if slope == 1.0 else [f"its centre moves by {slope:.3g} for each unit of the mean"]
    noise = z - slope * loc
    if np.max(np.abs(noise)) <= 1e-5:
        return SamplerReading(None, faults=(*faults, "it adds no noise"))
    if np.array_equal(z[0], z[-1]):
        constant = _constant(positive, noise)
        if constant is not None:
            return SamplerReading(None, faults=(*faults, constant))
        faults.append("it is not random: it draws the same noise at every call")
    samples = [(positive, noise)]
    if signed is not None:
        try:
            negative = _draw(box, signed, calls)
        except CallError:
            negative = np.full_like(z, np.nan)
        if np.all(np.isfinite(negative)):
            samples.append((signed, negative - slope * signed[0]))
    spreads = _spreads(positive, noise)
    reading, factor = _exact_reading(box, call, positive, spreads, noise)
    if reading is None:
        reading, factor = _reading_of(samples)
    if reading is None:
        faults.append("its spread follows no known scale: " + _in_words(spreads))
        return SamplerReading(None, faults=tuple(faults), spreads=spreads)
    scale = reading.scale_of(positive[1] if len(positive) > 1 else np.ones_like(loc))
    faults += noise_faults(noise / scale, factor)
    return SamplerReading(reading, factor, tuple(faults), spreads)


def _exact_reading(
    box: BlackBox,
    call: SamplerCall,
    positive: Sequence[Array],
    spreads: Sequence[tuple[float, float]],
    noise: Array,
) -> tuple[Reading | None, float]:
    """The scale and the noise's factor, if the sampler's noise can be repeated."""
    if len(positive) < 2:
        return None, 1.0
    spread = dict(spreads)[AT]
    rows = _accepted_rows(box, positive)
    reading = measured_scale(box, rows, positive[0].shape[1], call.repeat, spread)
    if reading is None:
        return None, 1.0
    return reading, noise_factor(noise / reading.scale_of(positive[1]))


def _constant(positive: Sequence[Array], noise: Array) -> str | None:
    """What a sampler adds that is the same wherever the scale is the same; None if it varies."""
    if len(positive) < 2:
        return None
    values = [noise[:, positive[1] == level] for level in _LEVELS]
    if any(np.ptp(v) > 1e-5 * np.max(np.abs(v)) + 1e-6 for v in values):
        return None
    told = ", ".join(
        f"{v.mean():.4g} at s = {s:g}" for s, v in list(zip(_LEVELS, values, strict=True))[::3]
    )
    return f"it adds no noise, but a fixed multiple of the scale: {told}"


def _accepted_rows(box: BlackBox, positive: Sequence[Array]) -> int:
    """A small number of rows that a sampler accepts, or else the number it was called with."""
    try:
        box(*(array[:64] for array in positive))
    except (CallError, ValueError, TypeError):
        return int(positive[0].shape[0])
    return min(64, int(positive[0].shape[0]))


def _slope(z: Array, loc: Array) -> float:
    """How the draws' centre follows the mean, exactly 1 unless it clearly is another number."""
    slope = float(np.mean(z * loc) / np.mean(loc**2))
    # The means are independent of the noise and of each other, so that noise which rows, latents or
    # calls share still averages out over them.
    error = float(np.std(z - slope * loc) / np.sqrt(np.mean(loc**2) * loc.size))
    return slope if abs(slope - 1.0) > SAMPLER_Z * error + 1e-3 else 1.0


def _spreads(positive: Sequence[Array], noise: Array) -> tuple[tuple[float, float], ...]:
    if len(positive) < 2:
        return ((1.0, float(noise.std())),)
    return tuple((float(s), float(noise[:, positive[1] == s].std())) for s in _LEVELS)


def _in_words(spreads: Sequence[tuple[float, float]]) -> str:
    return ", ".join(f"{spread:.3g} at s = {s:g}" for s, spread in spreads)


def _reading_of(samples: Sequence[tuple[Sequence[Array], Array]]) -> tuple[Reading | None, float]:
    """Finds the reading under which log|z - mean| is log σ plus a constant, and that constant."""
    if len(samples[0][0]) < 2:
        return UNIT_SCALE, noise_factor(samples[0][1])
    levels = [np.unique(outputs[1]) for outputs, _ in samples]
    means, slack = [], []
    for (outputs, noise), of_sample in zip(samples, levels, strict=True):
        logs = np.log(np.abs(noise) + 1e-300)
        groups = [logs[:, outputs[1] == level] for level in of_sample]
        means.append(np.array([group.mean() for group in groups]))
        counts = np.array([group.size for group in groups])
        slack.append(SAMPLER_Z * _LOG_NOISE_SPREAD / np.sqrt(counts) + 0.01)
    best: tuple[Reading, float] | None = None
    for reading in READINGS:
        fits = True
        for of_sample, mean, tolerated in zip(levels, means, slack, strict=True):
            # A scale enters the draw by its absolute value only.
            with np.errstate(invalid="ignore", divide="ignore"):
                offsets = mean - np.log(np.abs(reading.scale_of(of_sample)))
            fits &= bool(np.all(np.abs(offsets - offsets.mean()) <= tolerated))
        if not fits:
            continue
        outputs, noise = samples[0]
        factor = noise_factor(noise / reading.scale_of(outputs[1]))
        if best is None or abs(np.log(factor)) < abs(np.log(best[1])):
            best = reading, factor
    return best or (None, 1.0)
