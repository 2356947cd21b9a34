# ruff: noqa: RUF001, RUF002 - the Greek letter sigma is meant
"""Fits the floor and the factor of many functions of the second output at once."""

from collections.abc import Sequence

import numpy as np

Array = np.ndarray

_LEAST_VARIANCE = 1e-3
_STEPS = 60
_STEP = 1e-6
_MOST_DAMPING = 1e8


def fitted_scales(
    targets: Sequence[str], values: Array, centred: Array, start: Array, variance: float | None
) -> tuple[Array, Array]:
    """Fits ½(σ² - v log σ²) of each function to a divergence without its mean.

    Args:
        targets: What a floor plus a factor times the function is: "σ", "σ²" or "log σ", `[C]`.
        values: Every function of the second outputs, `[C, N]`.
        centred: The divergences less their mean, `[N]`.
        start: The floor, the factor, and v if it is not given.
        variance: v, or None.

    Returns:
        The parameters, `[C, P]`, and the largest residual of each function, `[C]`: infinite where
        its scale is not defined on the way.

    Source: Marquardt (1963), "An algorithm for least-squares estimation of nonlinear parameters".
    """
    of_target = np.array([("σ", "σ²", "log σ").index(target) for target in targets])
    parameters = np.tile(np.asarray(start, np.float64), (len(values), 1))
    size = len(start)
    steps = _STEP * np.eye(size)

    def residuals(chosen: Array, at: Array) -> Array:
        """Those of the chosen functions, `[c, N]`; NaN where one is not defined."""
        linear = at[:, :1] + at[:, 1:2] * values[chosen]
        kind = of_target[chosen][:, None]
        scale = np.where(kind == 0, linear, np.where(kind == 1, np.sqrt(linear), np.exp(linear)))
        v = at[:, 2:3] if variance is None else np.full([len(chosen), 1], variance)
        divergence = 0.5 * scale**2 - v * np.log(scale)
        defined = np.isfinite(divergence).all(1) & (scale > 0.0).all(1)
        defined &= v[:, 0] > _LEAST_VARIANCE
        rest = divergence - divergence.mean(1, keepdims=True) - centred
        return np.where(defined[:, None], rest, np.nan)

    with np.errstate(all="ignore"):
        now = residuals(np.arange(len(values)), parameters)
        damping = np.full(len(values), 1e-2)
        active = np.flatnonzero(np.isfinite(now).all(1))
        for _ in range(_STEPS):
            if not len(active):
                break
            moved = np.stack([residuals(active, parameters[active] + step) for step in steps], 2)
            jacobian = (moved - now[active][:, :, None]) / _STEP
            defined = np.isfinite(jacobian).all((1, 2))
            now[active[~defined]] = np.nan
            active, jacobian = active[defined], jacobian[defined]
            if not len(active):
                break
            normal = np.einsum("cni,cnj->cij", jacobian, jacobian)
            diagonal = np.einsum("cii->ci", normal) + 1e-12
            damped = normal + (damping[active, None] * diagonal)[:, :, None] * np.eye(size)
            slope = np.einsum("cni,cn->ci", jacobian, now[active])
            inverse = np.linalg.pinv(damped, rcond=size * np.finfo(np.float64).eps)
            proposed = parameters[active] - np.einsum("cij,cj->ci", inverse, slope)
            better = residuals(active, proposed)
            before, after = (now[active] ** 2).sum(1), (better**2).sum(1)
            taken = after < before
            won = active[taken]
            parameters[won], now[won] = proposed[taken], better[taken]
            damping[active] *= np.where(taken, 1.0 / 8.0, 8.0)
            settled = taken & (before - after <= 1e-24 + 1e-14 * after)
            active = active[~settled & (damping[active] <= _MOST_DAMPING)]
    return parameters, np.nan_to_num(np.abs(now).max(1), nan=np.inf)
