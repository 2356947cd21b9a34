"""Fits a KL, plain or with a floor, capacity or hinge, to the points near the prior."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tfp_vae.audit.probes.design import Point, stacked_encoder_outputs
from tfp_vae.audit.probes.fitting import AffineFit, fit_affine
from tfp_vae.audit.probes.loss_probe import LossProbe
from tfp_vae.audit.terms.kl_model import Floor, KLModel

Array = np.ndarray

# A mean so far from the prior that no floor is at work.
FAR = 12.0


def equal_points(probe: LossProbe, loc: Sequence[float], second: Sequence[float]) -> list[Point]:
    """Points of which all rows and latents have the same encoder outputs."""
    rest = probe.design.resting_event()
    shape = (probe.design.batch_size, probe.design.latent_size)
    return [
        replace(
            rest,
            encoder_outputs=(np.full(shape, m), np.full(shape, s))[
                : probe.design.encoder_output_count
            ],
        )
        for m, s in zip(loc, second, strict=True)
    ]


def second_outputs(positive_only: bool) -> Array:
    """The second outputs at which a KL is read."""
    return np.linspace(0.15, 3.4, 26) if positive_only else np.linspace(-4.0, 4.0, 33)


def plain_fit(probe: LossProbe, model: KLModel, both_signs: bool) -> AffineFit | None:
    """The fit of a KL to all ordinary points, None if it does not explain them exactly."""
    positive_only = model.reading.positive_only or not both_signs
    points = probe.design.encoder_points(positive=positive_only)
    fit = fit_affine(model(stacked_encoder_outputs(points)), probe.measure_where_defined(points))
    return fit if fit.fits else None


def with_floor(
    probe: LossProbe, model: KLModel, both_signs: bool
) -> tuple[KLModel, AffineFit] | None:
    """Adds the floor, capacity or hinge that explains the values near the prior."""
    batch, latents = probe.design.batch_size, probe.design.latent_size
    loc, second = model.prior[0], _at_prior(model)
    far = equal_points(probe, [loc + FAR, loc + 1.5 * FAR], [second, second])
    near = equal_points(probe, [loc], [second])[0]
    measured = probe.measure_where_defined([*far, near])
    divergence = model(stacked_encoder_outputs(far))
    weight = float((measured.values[1] - measured.values[0]) / (divergence[1] - divergence[0]))
    if weight == 0.0:
        return None
    excess = float(measured.values[2] - (measured.values[0] - weight * divergence[0])) / weight
    slack = float(np.sum(measured.slack)) / abs(weight)
    if not np.isfinite(excess) or excess <= slack + 1e-9 * divergence[0]:
        return None
    candidates = [
        Floor(place, shape, level / (latents if place.startswith("latent") else 1))
        for shape, level in (("max", excess), ("abs", 0.5 * excess))
        for place in ("batch", "latent-mean", "example", "latent")
        if batch > 1 or place in ("example", "latent")
    ]
    for floor in candidates:
        floored = replace(model, floor=replace(floor, level=_neat(floor.level)))
        fit = _floor_fit(probe, floored, second, both_signs)
        if fit is not None:
            return floored, fit
    return None


def _neat(level: float) -> float:
    near = float(f"{level:.5g}")
    return near if abs(near - level) <= 1e-5 * abs(level) else level


def _floor_fit(
    probe: LossProbe, model: KLModel, second: float, both_signs: bool
) -> AffineFit | None:
    """The fit of a KL with a floor to points at which rows and latents differ."""
    assert model.floor is not None
    positive_only = model.reading.positive_only or not both_signs
    points = probe.design.encoder_points(positive=positive_only)
    batch, latents = probe.design.batch_size, probe.design.latent_size
    level = model.floor.level * (latents if model.floor.place.startswith("latent") else 1)
    # KLs of single latents about the level, spread over rows and latents in different ways.
    size = np.sqrt(2.0 * model.prior[1] * level / latents)
    rng = np.random.default_rng(17)
    for row_spread, latent_spread in ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)):
        for factor in (0.0, 0.3, 0.8, 1.2, 1.8, 3.0):
            rows = 1.0 + row_spread * rng.uniform(-0.9, 0.9, (batch, 1))
            columns = 1.0 + latent_spread * rng.uniform(-0.9, 0.9, (1, latents))
            loc = model.prior[0] + factor * size * rows * columns
            outputs = (loc, np.full((batch, latents), second))
            rest = probe.design.resting_event()
            count = probe.design.encoder_output_count
            points.append(replace(rest, encoder_outputs=outputs[:count]))
    fit = fit_affine(model(stacked_encoder_outputs(points)), probe.measure_where_defined(points))
    return fit if fit.fits else None


def _at_prior(model: KLModel) -> float:
    """The second output at which σ² is the prior's variance."""
    grid = second_outputs(model.reading.positive_only)
    for _ in range(8):
        outputs = (np.full([len(grid), 1, 1], model.prior[0]), grid[:, None, None])
        best = int(np.argmin(replace(model, floor=None)(outputs)))
        low, high = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
        grid = np.linspace(low, high, 21)
    return float(grid[10])
