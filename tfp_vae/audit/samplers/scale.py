# ruff: noqa: RUF001, RUF002 - the Greek letter sigma is meant
"""Measures a sampler's scale exactly, by drawing with the same noise for other second outputs."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from tfp_vae.audit.calls.blackbox import BlackBox, CallError
from tfp_vae.audit.calls.frameworks import kept_random_states, set_seeds
from tfp_vae.audit.scales.families import of_scale
from tfp_vae.audit.scales.readings import READINGS, Reading, other_scale

Array = np.ndarray

_SEED = 20240
AT = 0.6


class SamplerScale:
    """σ(s) / σ(0.6) of a sampler whose noise can be repeated.

    Args:
        box: The sampler.
        rows: How many rows it is called with.
        latent_size: How many latents.
        repeat: Lets keys and seed generators start again.
    """

    def __init__(
        self, box: BlackBox, rows: int, latent_size: int, repeat: Callable[[], None]
    ) -> None:
        self._box, self._shape, self._repeat = box, (rows, latent_size), repeat
        self._reference = self._draw(np.full(self._shape, AT))

    def _draw(self, second: Array) -> Array:
        with kept_random_states():
            set_seeds(_SEED)
            self._repeat()
            return self._box(np.zeros(self._shape), second)

    @property
    def is_exact(self) -> bool:
        """Whether the noise repeats, and is nowhere 0."""
        again = self._draw(np.full(self._shape, AT))
        usable = np.all(np.isfinite(again)) and np.all(np.abs(again) > 1e-30)
        return bool(usable and np.array_equal(again, self._reference))

    def ratio(self, second: Array) -> Array:
        """σ(s) / σ(0.6) for an array of second outputs."""
        flat = np.ravel(second)
        # Few values are asked for often, at many places.
        values, places = np.unique(flat, return_inverse=True)
        size = int(np.prod(self._shape))
        parts = []
        for start in range(0, len(values), size):
            part = values[start : start + size]
            padded = np.concatenate([part, np.full(size - len(part), AT)]).reshape(self._shape)
            parts.append(np.ravel(self._draw(padded) / self._reference)[: len(part)])
        return np.concatenate(parts)[places].reshape(np.shape(second))


def measured_scale(
    box: BlackBox, rows: int, latent_size: int, repeat: Callable[[], None], spread: float
) -> Reading | None:
    """The scale that a sampler draws with, exact in its shape; None if it cannot be measured.

    Args:
        box: The sampler.
        rows: How many rows it accepts.
        latent_size: How many latents.
        repeat: Lets keys and seed generators start again.
        spread: The standard deviation of the draws at s = 0.6.
    """
    try:
        scale = SamplerScale(box, rows, latent_size, repeat)
        if not scale.is_exact:
            return None
        signed, positive = np.linspace(-3.0, 3.0, 41), np.linspace(0.1, 3.4, 34)
        ratios = {"signed": scale.ratio(signed), "positive": scale.ratio(positive)}
    except (CallError, TypeError, ValueError):
        return None
    for reading in READINGS:
        second, ratio = (
            (positive, ratios["positive"]) if reading.positive_only else (signed, ratios["signed"])
        )
        expected = reading.scale_of(second) / reading.scale_of(np.array(AT))
        if np.all(np.abs(np.abs(ratio) / expected - 1.0) <= 1e-5):
            return reading
    is_signed = bool(np.all(np.isfinite(ratios["signed"])) and np.all(ratios["signed"] > 0.0))
    second, ratio = (
        (signed, ratios["signed"]) if is_signed else (positive, np.abs(ratios["positive"]))
    )
    if not np.all(np.isfinite(ratio)) or np.any(ratio <= 0.0) or np.ptp(ratio) <= 1e-6:
        return None
    found = of_scale(second, ratio * spread)
    if found is not None:
        return found

    return _by_values(scale, spread, positive_only=not is_signed)


def _by_values(scale: SamplerScale, spread: float, *, positive_only: bool) -> Reading:
    def sigma(s: tf.Tensor) -> tf.Tensor:
        return tf.constant(spread * np.abs(scale.ratio(np.asarray(s))))

    def scaled(by: float) -> Reading:
        return _by_values(scale, spread * by, positive_only=positive_only)

    return other_scale(
        "σ = the sampler's scale of s", sigma, "", positive_only=positive_only, scaled=scaled
    )
