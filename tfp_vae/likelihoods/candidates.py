"""The likelihoods whose support holds some data."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tfp_vae import checks
from tfp_vae.likelihoods import column_types
from tfp_vae.likelihoods.base import Likelihood
from tfp_vae.likelihoods.bernoulli import Bernoulli
from tfp_vae.likelihoods.categorical import Categorical
from tfp_vae.likelihoods.column_types import BINARY, CODES, COUNTS, REAL, UNIT
from tfp_vae.likelihoods.continuous_bernoulli import ContinuousBernoulli
from tfp_vae.likelihoods.discretized_logistic import DiscretizedLogistic
from tfp_vae.likelihoods.gamma import Gamma
from tfp_vae.likelihoods.laplace import Laplace
from tfp_vae.likelihoods.negative_binomial import NegativeBinomial
from tfp_vae.likelihoods.normal import Normal
from tfp_vae.likelihoods.poisson import Poisson
from tfp_vae.likelihoods.student_t import StudentT
from tfp_vae.likelihoods.zero_inflated_negative_binomial import ZeroInflatedNegativeBinomial

_DECLARE = "If NaN means a missing value, VAE.for_data takes it with missing_values=np.nan."

_BRIGHTEST = 255
"""The largest value of a byte."""

_MAX_OWN_LEVELS = 16
"""Images with a maximum of 16 or less, such as scikit-learn's digits, have that many levels; others
are taken for bytes."""


_LARGE_MEAN = 20.0
"""A Poisson count of this mean has a skewness of 1/√20 = 0.22, and a normal is near it."""


@dataclass(frozen=True)
class Candidate:
    """A likelihood whose support holds some data.

    Attributes:
      name: Its class, with what distinguishes it, such as "Normal(scale='shared')".
      make: Makes the likelihood of an event shape.
      reason: Why it may suit the data.

    Example:
      >>> candidate = likelihoods.candidates(np.array([[0, 1], [1, 1]]))[0]
      >>> candidate.name, candidate.make((2,)).event_shape
      ('Bernoulli', (2,))
    """

    name: str
    make: Callable[[tuple[int, ...]], Likelihood]
    reason: str


def candidates(x: npt.ArrayLike) -> list[Candidate]:
    """Returns the likelihoods whose support holds data, and that may suit it.

    Args:
      x: Data, `[N, ...]` of numbers or booleans. The columns of a table may be of several kinds;
        the candidates are those for all of them at once.

    Returns:
      The candidates, the plainest first.

    Raises:
      TypeError: If `x` holds no real numbers.
      ValueError: If `x` has no rows or no columns, or values that are not finite.

    Example:
      >>> [each.name for each in likelihoods.candidates(np.array([[0.5, 0.25], [0.75, 1.0]]))][:2]
      ["Normal(scale='per_value')", "Normal(scale='shared')"]
    """
    values = checked(x)
    if values.dtype == bool or np.isin(values, (0, 1)).all():
        return of_type(BINARY, values)
    pixels = levels(values)
    lowest, highest = float(values.min()), float(values.max())
    if pixels is not None:
        return [_discretized_logistic(pixels, lowest, highest), *_NORMALS]
    if lowest >= 0.0 and (values == np.floor(values)).all():
        return of_type(COUNTS, values)
    if lowest >= 0.0 and highest <= 1.0:
        return of_type(UNIT, values)
    return of_type(REAL, values)


def checked(x: npt.ArrayLike) -> np.ndarray:
    """Returns data as an array `[N, ...]` of finite numbers."""
    values = checks.array(x)
    if values.ndim < 2 or values.size == 0:
        raise ValueError(f"`x` must have shape [rows, ...]; got shape {list(values.shape)}.")
    if values.dtype != bool:
        checks.finite(values.astype(np.float64, copy=False), "x", _DECLARE)
    return values


def of_type(column_type: str, x: np.ndarray) -> list[Candidate]:
    """Returns the candidates for columns `[N, ...]` of one type."""
    if column_type == BINARY:
        value = "a boolean" if x.dtype == bool else "0 or 1"
        return [Candidate("Bernoulli", Bernoulli, f"the data is binary, every value is {value}")]
    if column_type == CODES:
        classes = max(int(x.max()) + 1, 2)
        reason = (
            f"{classes} whole numbers of which the largest is common, as in class codes and not in "
            "counts"
        )
        return [Candidate("Categorical", lambda shape: Categorical(shape, classes), reason)]
    if column_type == UNIT:
        reason = (
            "the values lie in [0, 1], of which it is a density; binary cross-entropy, the "
            "Bernoulli likelihood, is none, since it lacks the normalising constant"
        )
        return [*_NORMALS, Candidate("ContinuousBernoulli", ContinuousBernoulli, reason)]
    if column_type == COUNTS:
        ratio = column_types.dispersion(x)
        varies = f"the variance of the counts is {ratio:.2g} times their mean"
        large = [_NORMALS[0]] if float(np.mean(x)) >= _LARGE_MEAN else []
        return [
            *large,
            Candidate("Poisson", Poisson, f"{varies}; of Poisson counts it is 1"),
            Candidate("NegativeBinomial", NegativeBinomial, f"{varies}; it may be above 1"),
            Candidate(
                "ZeroInflatedNegativeBinomial",
                ZeroInflatedNegativeBinomial,
                f"{np.mean(x == 0):.0%} of the counts are 0, of which it allows any share",
            ),
        ]
    found = [*_NORMALS, *_HEAVY_TAILED]
    if float(x.min()) > 0.0:
        found.append(Candidate("Gamma", Gamma, "every value is above 0"))
    return found


def levels(x: np.ndarray) -> int | None:
    """Returns the number of levels if values look like pixels, and None otherwise."""
    lowest, highest = float(x.min()), float(x.max())
    if lowest < 0.0 or highest > _BRIGHTEST or (x != np.floor(x)).any():
        return None
    if x.dtype == np.uint8 or (x.ndim > 2 and highest > _MAX_OWN_LEVELS):
        return _BRIGHTEST + 1
    if x.ndim > 2:
        return int(highest) + 1
    return _BRIGHTEST + 1 if (lowest, highest) == (0.0, _BRIGHTEST) else None


def _normal(scale: str, reason: str) -> Candidate:
    return Candidate(f"Normal(scale={scale!r})", lambda shape: Normal(shape, scale=scale), reason)


def _discretized_logistic(count: int, lowest: float, highest: float) -> Candidate:
    return Candidate(
        "DiscretizedLogistic",
        lambda shape: DiscretizedLogistic(shape, levels=count),
        f"the values are whole numbers from {lowest:g} to {highest:g}, like pixels of {count} "
        "levels",
    )


_NORMALS = [
    _normal("per_value", "real values, each column with a spread of its own"),
    _normal("shared", "real values, all with one spread"),
    _normal("learned", "real values, with a spread that depends on z"),
]
"""A fixed scale and a calibrated one are special cases of the shared one."""

_HEAVY_TAILED = [
    Candidate("StudentT", StudentT, "real values, of which some may be outliers"),
    Candidate("Laplace", Laplace, "real values, with an error that is absolute, not squared"),
]
