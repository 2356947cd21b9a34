"""Fits measured values: a multiple of a reference, or the smallest sum of atoms."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tfp_vae.audit.probes.measured import Measured, Z

Array = np.ndarray

# A formula fits if it misses no value by more than its rounding error and this part of the values'
# spread: what a guard of 1e-6 inside a logarithm changes. A larger guard is fitted by its own form.
TOLERANCE = 3e-6


@dataclass(frozen=True)
class AffineFit:
    """Values read as `weight` · reference + `constant`.

    Attributes:
        weight: The fitted factor.
        weight_error: Its standard error, 0 for an exact loss.
        constant: The fitted constant.
        misfit: The largest residual beyond the noise, as a part of the spread.
        chi_square: The sum of the squared residuals in units of their errors.
    """

    weight: float
    weight_error: float
    constant: float
    misfit: float
    chi_square: float

    @property
    def fits(self) -> bool:
        """Whether the reference explains the values."""
        return self.misfit <= TOLERANCE


def fit_affine(reference: Array, measured: Measured) -> AffineFit:
    """Fits values by a multiple of a reference and a constant, by weighted least squares.

    Args:
        reference: The reference's values, `[N]`.
        measured: The measured values.
    """
    columns = np.stack([reference, np.ones_like(reference)], axis=1)
    if not (np.all(np.isfinite(reference)) and measured.finite):
        return AffineFit(np.nan, np.nan, np.nan, np.inf, np.inf)
    coefficients, residuals, covariance = _least_squares(columns, measured)
    errors = np.maximum(measured.errors, 1e-300)
    misfit = float(np.max(np.abs(residuals) - measured.slack)) / max(measured.spread, 1e-300)
    return AffineFit(
        weight=float(coefficients[0]),
        weight_error=float(np.sqrt(covariance[0, 0])),
        constant=float(coefficients[1]),
        misfit=max(misfit, 0.0),
        chi_square=float(np.sum(np.minimum(np.abs(residuals) / errors, 1e100) ** 2)),
    )


def _least_squares(columns: Array, measured: Measured) -> tuple[Array, Array, Array]:
    # A least error bounds the weights, so that a point that happens to be exact does not decide.
    errors = np.hypot(measured.errors, 1e-6 * measured.spread + 1e-300)
    inverse = np.linalg.pinv(columns / errors[:, None])
    coefficients = inverse @ (measured.values / errors)
    return coefficients, measured.values - columns @ coefficients, inverse @ inverse.T


def fit_atoms(
    always: Sequence[Mapping[str, Array]],
    atoms: Mapping[str, Array],
    measured: Measured,
    *,
    at_most: int = 3,
) -> dict[str, float] | None:
    """Finds the smallest sum of atoms that explains the values.

    Args:
        always: The sets of atoms of which one is taken whole, in order of preference.
        atoms: The atoms to choose from, name -> values `[N]`.
        measured: The measured values.
        at_most: The largest number of chosen atoms.

    Returns:
        Coefficients by name, the constant under `"1"`, or None if no sum explains the values.
    """
    finite = {name: values for name, values in atoms.items() if np.all(np.isfinite(values))}
    tolerated = TOLERANCE * measured.spread + measured.slack
    for size in range(at_most + 1):
        best: tuple[float, dict[str, float]] | None = None
        for base, chosen in itertools.product(always, itertools.combinations(finite, size)):
            named = {**base, **{name: finite[name] for name in chosen}}
            columns = np.stack([*named.values(), np.ones_like(measured.values)], axis=1)
            coefficients, residuals, covariance = _least_squares(columns, measured)
            if np.any(np.abs(residuals) > tolerated):
                continue
            resolved = np.abs(coefficients) > Z * np.sqrt(np.diag(covariance))
            if not np.all(resolved[:-1]):
                continue
            misfit = float(np.max(np.abs(residuals) / np.maximum(tolerated, 1e-300)))
            if best is None or misfit < best[0]:
                names = [*named, "1"]
                best = misfit, dict(zip(names, map(float, coefficients), strict=True))
        if best is not None:
            return best[1]
    return None
