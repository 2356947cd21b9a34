"""Chooses a likelihood from data, and says why."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from tfp_vae import checks
from tfp_vae.likelihoods.base import Likelihood
from tfp_vae.likelihoods.bernoulli import Bernoulli
from tfp_vae.likelihoods.continuous_bernoulli import ContinuousBernoulli
from tfp_vae.likelihoods.normal import Normal

_UNEVEN = 10.0
_FAR_OFF = 10.0


@dataclass(frozen=True)
class Suggestion:
    """A likelihood for some data.

    Attributes:
      likelihood: The likelihood, ready for a `Decoder`.
      reason: Why this one, in sentences for the reader of a report.
    """

    likelihood: Likelihood
    reason: str


def suggest(x: Any) -> Suggestion:
    """Chooses the likelihood whose support is that of the data.

    Only 0 and 1: `Bernoulli`. Between 0 and 1: `ContinuousBernoulli`. Any other real values:
    `Normal` with a learned scale.

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
    if lowest >= 0.0 and highest <= 1.0:
        between = float(np.mean((values > 0) & (values < 1)))
        reason = (
            f"All values lie in [0, 1] and {between:.0%} of them strictly between: the data is "
            "continuous, and a ContinuousBernoulli likelihood is a density on [0, 1]. Binary "
            "cross-entropy, the Bernoulli likelihood, would be wrong here: it is no density of "
            "such values, for it lacks the normalising constant, which depends on the parameters."
        )
        return Suggestion(ContinuousBernoulli(event_shape), reason)
    reason = (
        f"The values are real numbers from {lowest:g} to {highest:g}: a Normal likelihood, whose "
        f"scale the decoder learns.{_on_scaling(values)}"
    )
    return Suggestion(Normal(event_shape, scale="learned"), reason)


def _on_scaling(values: np.ndarray) -> str:
    """Says what to do to the columns first, where something is to be done."""
    if values.dtype == np.uint8 or (
        np.issubdtype(values.dtype, np.integer) and values.min() >= 0 and 16 < values.max() <= 255
    ):
        return (
            " These look like pixels of 0 to 255: divided by 255 they would suit a "
            "ContinuousBernoulli likelihood."
        )
    columns = values.reshape(len(values), -1).astype(np.float64)
    spread, centre = columns.std(axis=0), np.abs(columns.mean(axis=0))
    varying = spread > 0
    if not varying.any():
        return " No column varies: there is nothing to learn."
    ratio = spread[varying].max() / spread[varying].min()
    if ratio > _UNEVEN:
        return (
            f" The standard deviations of the columns differ by a factor of {ratio:.0f}: "
            "standardise the columns first (subtract the mean, divide by the standard deviation)."
        )
    if (centre[varying] > _FAR_OFF * spread[varying]).any() or not (
        1 / _UNEVEN < np.median(spread[varying]) < _UNEVEN
    ):
        return (
            " Some columns are far from mean 0 and standard deviation 1: standardise them first "
            "(subtract the mean, divide by the standard deviation)."
        )
    return ""
