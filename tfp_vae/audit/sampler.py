# ruff: noqa: RUF002 - the Greek letter sigma is meant
"""Reads a sampler: is it the mean plus a scale times standard normal noise, and which scale?

Every decision is a test whose chance of a false alarm is at most about one in a million: a z-score
against `SAMPLER_Z` standard errors, or the Dvoretzky-Kiefer-Wolfowitz bound on the distance between
the noise's distribution function and the normal one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from tfp_vae.audit.blackbox import BlackBox, CallError
from tfp_vae.audit.loss_probe import BATCH_SIZES
from tfp_vae.audit.references import READINGS, UNIT_SCALE, Reading

tfd = tfp.distributions
Array = np.ndarray

SAMPLER_Z = 6.0
FALSE_ALARM_RATE = 1e-6
DRAWS = 200_000
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


def probe_sampler(
    sampler: Callable[..., Any], latent_size: int, encoder_output_count: int
) -> SamplerReading:
    """Draws from a sampler and reads its noise.

    Args:
        sampler: The function of the encoder's outputs `[B, K]` that returns z `[B, K]`.
        latent_size: K.
        encoder_output_count: How many outputs the encoder has, 1 or 2.

    Raises:
        ValueError: If the sampler raises or returns a wrong shape.
        TypeError: If it returns no floats.
    """
    names = ("mean", "s")[:encoder_output_count]
    box = BlackBox(sampler, "sampler", names)
    rows = max(len(_LEVELS) * 8, -(-DRAWS // latent_size // len(_LEVELS)) * len(_LEVELS))
    sizes = (rows, *BATCH_SIZES)
    positive = [_encoder_outputs(n, latent_size, _LEVELS)[:encoder_output_count] for n in sizes]
    index = box.settle(positive)
    calls = max(2, min(64, rows // sizes[index]))
    return _read(box, positive[index], calls, _signed(positive[index]))


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
    box: BlackBox, positive: Sequence[Array], calls: int, signed: Sequence[Array] | None
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
        faults.append("it is not random: it draws the same noise at every call")
    samples = [(positive, noise)]
    if signed is not None:
        try:
            negative = _draw(box, signed, calls)
        except CallError:
            negative = np.full_like(z, np.nan)
        if np.all(np.isfinite(negative)):
            samples.append((signed, negative - slope * signed[0]))
    reading, factor = _reading_of(samples)
    spreads = _spreads(positive, noise)
    if reading is None:
        faults.append("its spread follows no known scale: " + _in_words(spreads))
        return SamplerReading(None, faults=tuple(faults), spreads=spreads)
    scale = reading.scale_of(positive[1] if len(positive) > 1 else np.ones_like(loc))
    faults += _faults(noise / scale, factor)
    return SamplerReading(reading, factor, tuple(faults), spreads)


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
        return UNIT_SCALE, _factor(samples[0][1])
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
        factor = _factor(noise / reading.scale_of(outputs[1]))
        if best is None or abs(np.log(factor)) < abs(np.log(best[1])):
            best = reading, factor
    return best or (None, 1.0)


def _factor(standard: Array) -> float:
    """The standard deviation of the noise, also when the rows share it."""
    return float(standard.std())


def _faults(standard: Array, factor: float) -> list[str]:
    calls, rows, latents = standard.shape
    faults = []
    # Shared noise leaves the spread of one draw undetermined, so it is looked for first.
    across_rows = float(np.mean(standard.mean(axis=1) ** 2)) * rows / factor**2
    across_latents = float(np.mean(standard.mean(axis=2) ** 2)) * latents / factor**2
    shift = float(standard.mean())
    centred = abs(shift) <= SAMPLER_Z * factor / np.sqrt(standard.size)
    shared_rows = rows > 1 and float(standard.std(axis=1).max()) <= 0.05 * factor
    shared_latents = latents > 1 and float(standard.std(axis=2).max()) <= 0.05 * factor
    if shared_rows:
        faults.append("all rows of a batch share the same noise")
    if shared_latents:
        faults.append("all latents of an example share the same noise")
    if shared_rows or shared_latents:
        return faults
    if not centred:
        faults.append(f"its centre is shifted by {shift:+.3g} scales")
    if abs(factor - 1.0) > SAMPLER_Z / np.sqrt(2.0 * standard.size) + 0.01:
        faults.append(f"its spread is {factor:.4g} times the scale")
    partly = SAMPLER_Z * np.sqrt(2.0)
    if centred and (
        across_rows > 1.0 + partly / np.sqrt(calls * latents) + 0.05
        or across_latents > 1.0 + partly / np.sqrt(calls * rows) + 0.05
    ):
        faults.append("its draws are correlated within a batch")
    if not faults:
        distance = _distance_to_normal(standard)
        if distance > np.sqrt(np.log(2.0 / FALSE_ALARM_RATE) / (2.0 * standard.size)) + 5e-3:
            faults.append(
                f"its noise is not normal: the distribution functions are {distance:.3g} apart"
            )
    return faults


def _distance_to_normal(standard: Array) -> float:
    ordered = np.sort(standard.ravel())
    expected = np.asarray(tfd.Normal(tf.zeros([], tf.float64), 1.0).cdf(ordered))
    steps = np.arange(ordered.size + 1) / ordered.size
    return float(max(np.max(steps[1:] - expected), np.max(expected - steps[:-1])))
