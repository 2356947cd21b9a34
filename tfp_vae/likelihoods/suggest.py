"""Chooses a likelihood for data, and gives the reason."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tfp_vae import checks
from tfp_vae.likelihoods.base import Likelihood
from tfp_vae.likelihoods.bernoulli import Bernoulli
from tfp_vae.likelihoods.column_types import MIN_ROWS, count_likelihood, parts_for, real_likelihood
from tfp_vae.likelihoods.continuous_bernoulli import ContinuousBernoulli
from tfp_vae.likelihoods.discretized_logistic import DiscretizedLogistic
from tfp_vae.likelihoods.normal import Normal
from tfp_vae.likelihoods.product import Product
from tfp_vae.likelihoods.student_t import StudentT

_MAX_SCALE_RATIO = 10.0
"""If the standard deviations of two columns differ by a factor of 10, one makes up 99 % of their
variance after a layer, since Keras's initial weights are of equal size for all columns."""

_MAX_OFFSET = 10.0
"""A mean of 10 standard deviations makes up 99 % of the mean square of a column."""

_BRIGHTEST = 255
"""The largest value of a byte."""

_MAX_OWN_LEVELS = 16
"""Images with a maximum of 16 or less, such as scikit-learn's digits, have that many levels; others
are taken for bytes."""

_COLUMNS_SHOWN = 8
"""How many columns a reason lists."""


@dataclass(frozen=True)
class Suggestion:
    """A likelihood for some data.

    Attributes:
      likelihood: The likelihood, ready for a `Decoder`.
      reason: Why this one, in sentences for the reader of a report.

    Example:
      >>> suggestion = likelihoods.suggest(np.array([[0, 1], [1, 1]]))
      >>> type(suggestion.likelihood).__name__, suggestion.reason[:22]
      ('Bernoulli', 'Every value is 0 or 1:')
    """

    likelihood: Likelihood
    reason: str


def suggest(x: npt.ArrayLike) -> Suggestion:
    """Chooses the likelihood whose support is that of the data, and whose shape is near it.

    - only 0 and 1: `Bernoulli`
    - between 0 and 1: `ContinuousBernoulli`
    - whole numbers 0 to 255 of images, or of bytes: `DiscretizedLogistic`
    - other whole numbers of at least 0: `Poisson`; where their variance is far above their mean
      `NegativeBinomial`; with more zeros than that has `ZeroInflatedNegativeBinomial`
    - other real values: `Normal` with a learned scale; with heavy tails `StudentT`
    - a table of columns of several of these kinds: `Product`; columns of a few whole numbers of
      which the largest is common are class codes there, `Categorical`

    Args:
      x: Data, `[N, ...]` of numbers or booleans, at least two rows.

    Returns:
      A `Suggestion`, `.likelihood` and `.reason`.

    Raises:
      TypeError: If `x` holds no real numbers.
      ValueError: If `x` has fewer than two rows, no columns, or values that are not finite.

    Example:
      >>> likelihoods.suggest(np.array([[0, 1], [1, 1]])).reason
      'Every value is 0 or 1: the data is binary, and a Bernoulli likelihood is exact.'
    """
    values = checks.array(x)
    if values.ndim < 2 or values.size == 0:
        raise ValueError(f"`x` must have shape [rows, ...]; got shape {list(values.shape)}.")
    if values.shape[0] < 2:
        raise ValueError("`x` must hold at least two rows to choose a likelihood from; got one.")
    event_shape = list(values.shape[1:])
    if values.dtype == bool:
        return Suggestion(Bernoulli(event_shape), "The data is boolean: a Bernoulli likelihood.")
    checks.finite(values.astype(np.float64, copy=False), "x")
    lowest, highest = float(values.min()), float(values.max())
    if np.isin(values, (0, 1)).all():
        reason = "Every value is 0 or 1: the data is binary, and a Bernoulli likelihood is exact."
        return Suggestion(Bernoulli(event_shape), reason)
    if lowest >= 0.0 and highest <= 1.0 and not _has_binary_columns(values):
        between = float(np.mean((values > 0) & (values < 1)))
        reason = (
            f"All values lie in [0, 1] and {between:.0%} of them strictly between: the data is "
            "continuous, and a ContinuousBernoulli likelihood is a density on [0, 1]. Binary "
            "cross-entropy, the Bernoulli likelihood, would be wrong here: it is no density of "
            "such values, for it lacks the normalising constant, which depends on the parameters."
        )
        return Suggestion(ContinuousBernoulli(event_shape), reason)
    pixels = _levels(values)
    if pixels is not None:
        reason = (
            f"All values are whole numbers from {lowest:g} to {highest:g}, like pixels: a "
            f"DiscretizedLogistic likelihood is a probability of {pixels} such levels. Divided by "
            f"{pixels - 1} they would suit a ContinuousBernoulli likelihood, a density."
        )
        return Suggestion(DiscretizedLogistic(event_shape, levels=pixels), reason)
    if values.ndim == 2:
        return _by_columns(values)
    if lowest >= 0.0 and (values == np.floor(values)).all():
        return _with_reason(*count_likelihood(values))
    return _of_real_values(values)


def _has_binary_columns(values: np.ndarray) -> bool:
    """Returns whether some column of a table holds both 0 and 1 and nothing else."""
    if values.ndim != 2 or len(values) < MIN_ROWS:
        return False
    return bool((np.isin(values, (0, 1)).all(axis=0) & (values.min(0) < values.max(0))).any())


def _levels(values: np.ndarray) -> int | None:
    """Returns the number of levels if the values look like pixels, and None otherwise."""
    lowest, highest = float(values.min()), float(values.max())
    if lowest < 0.0 or highest > _BRIGHTEST or (values != np.floor(values)).any():
        return None
    if values.dtype == np.uint8 or (values.ndim > 2 and highest > _MAX_OWN_LEVELS):
        return _BRIGHTEST + 1
    if values.ndim > 2:
        return int(highest) + 1
    return _BRIGHTEST + 1 if (lowest, highest) == (0.0, _BRIGHTEST) else None


def _by_columns(values: np.ndarray) -> Suggestion:
    parts = parts_for(values)
    if len(parts) == 1:
        if isinstance(parts[0].likelihood, (Normal, StudentT)):
            return _of_real_values(values)
        return _with_reason(parts[0].likelihood, parts[0].reason)
    listed = "; ".join(
        f"{type(part.likelihood).__name__} for {_named(part.columns)}: {part.reason}"
        for part in parts
    )
    real = [part for part in parts if isinstance(part.likelihood, (Normal, StudentT))]
    scaling = "".join(_on_scaling(values[:, part.columns]) for part in real)
    reason = f"The columns are of different kinds, each under its own likelihood. {listed}."
    product = Product([(part.columns, part.likelihood) for part in parts])
    return Suggestion(product, f"{reason}{scaling}")


def _named(columns: list[int]) -> str:
    shown = ", ".join(str(column) for column in columns[:_COLUMNS_SHOWN])
    more = len(columns) - _COLUMNS_SHOWN
    return f"columns {shown} and {more} more" if more > 0 else f"columns {shown}"


def _with_reason(likelihood: Likelihood, reason: str) -> Suggestion:
    return Suggestion(
        likelihood, f"The values are {reason}: a {type(likelihood).__name__} likelihood."
    )


def _of_real_values(values: np.ndarray) -> Suggestion:
    likelihood, reason = real_likelihood(values)
    lowest, highest = float(values.min()), float(values.max())
    tails = f" They are {reason}." if isinstance(likelihood, StudentT) else ""
    return Suggestion(
        likelihood,
        f"The values are real numbers from {lowest:g} to {highest:g}: a "
        f"{type(likelihood).__name__} likelihood, whose scale the decoder learns.{tails}"
        f"{_on_scaling(values)}",
    )


def _on_scaling(values: np.ndarray) -> str:
    """Returns advice on scaling the columns, or nothing where none is needed."""
    columns = values.reshape(len(values), -1).astype(np.float64)
    spread, centre = columns.std(axis=0), np.abs(columns.mean(axis=0))
    varying = spread > 0
    if not varying.any():
        return " No column varies: there is nothing to learn."
    ratio = spread[varying].max() / spread[varying].min()
    if ratio > _MAX_SCALE_RATIO:
        return (
            f" The standard deviations of the columns differ by a factor of {ratio:.0f}: "
            "standardise the columns first (subtract the mean, divide by the standard deviation)."
        )
    if (centre[varying] > _MAX_OFFSET * spread[varying]).any() or not (
        1 / _MAX_SCALE_RATIO < np.median(spread[varying]) < _MAX_SCALE_RATIO
    ):
        return (
            " Some columns are far from mean 0 and standard deviation 1: standardise them first "
            "(subtract the mean, divide by the standard deviation)."
        )
    return ""
