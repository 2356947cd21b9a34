# ruff: noqa: RUF002 - the Greek letter sigma is meant
"""A KL divergence as a loss may have it: its scale, its prior, and a floor or capacity."""

from dataclasses import dataclass

import numpy as np

from tfp_vae.audit.scales.readings import OF_SIGMA, Reading

Array = np.ndarray

STANDARD = (0.0, 1.0)


@dataclass(frozen=True)
class Floor:
    """Free bits, a capacity or a hinge.

    Attributes:
        place: What the level applies to: "latent" (each, of each example), "latent-mean" (each,
            averaged over the batch), "example" or "batch".
        shape: "max" for max(KL, level), "hinge" for max(KL - level, 0), "abs" for |KL - level|.
        level: In nats.
    """

    place: str
    shape: str
    level: float

    def applied(self, divergences: Array) -> Array:
        """The batch mean of the changed KL of `[points, B, K]` divergences, `[points]`."""

        def change(kl: Array) -> Array:
            if self.shape == "max":
                return np.asarray(np.maximum(kl, self.level))
            if self.shape == "hinge":
                return np.asarray(np.maximum(kl - self.level, 0.0))
            return np.asarray(np.abs(kl - self.level))

        if self.place == "latent":
            return np.asarray(change(divergences).sum(-1).mean(-1))
        if self.place == "latent-mean":
            return np.asarray(change(divergences.mean(1)).sum(-1))
        if self.place == "example":
            return np.asarray(change(divergences.sum(-1)).mean(-1))
        return np.asarray(change(divergences.sum(-1).mean(-1)))

    def in_words(self, kl: str) -> str:
        """The changed KL as a formula.

        Args:
            kl: The KL of one example, as a formula.
        """
        of = {
            "latent": "KL of each latent",
            "latent-mean": "mean KL of each latent",
            "example": kl,
            "batch": f"mean of {kl}",
        }[self.place]
        level = f"{self.level:.5g}"
        text = {
            "max": f"max({of}, {level})",
            "hinge": f"max({of} - {level}, 0)",
            "abs": f"|{of} - {level}|",
        }[self.shape]
        return f"Σ {text}, KL = {kl}" if self.place.startswith("latent") else text


@dataclass(frozen=True)
class KLModel:
    """KL(N(μ, σ) ‖ N(m, v)), with a floor if there is one.

    Attributes:
        reading: How σ is read.
        prior: m and v.
        floor: The floor, None if there is none.
    """

    reading: Reading
    prior: tuple[float, float] = STANDARD
    floor: Floor | None = None

    def __call__(self, encoder_outputs: tuple[Array, ...]) -> Array:
        """The batch mean, in nats, of `[points, B, K]` arrays."""
        divergences = self.reading.divergences(encoder_outputs, self.prior)
        if self.floor is not None:
            return self.floor.applied(divergences)
        return np.asarray(divergences.sum(-1).mean(-1))

    @property
    def formula(self) -> str:
        """The formula for one example."""
        kl = self.reading.formula
        if self.prior != STANDARD:
            kl = f"½ Σ({in_words(self.prior)} - 1)"
            if OF_SIGMA in self.reading.formula or not self.reading.positive_only:
                kl = f"{kl}, {self.reading}"
        return self.floor.in_words(f"[{kl}]") if self.floor is not None else kl


def in_words(prior: tuple[float, float]) -> str:
    """The terms of twice the KL from N(m, v) without the last."""
    mean, variance = prior
    square = "μ²" if mean == 0.0 else f"(μ {'-' if mean > 0 else '+'} {abs(mean):.5g})²"
    return f"({square} + σ²)/{variance:.5g} - log(σ²/{variance:.5g})"
