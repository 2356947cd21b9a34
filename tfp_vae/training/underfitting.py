"""Warnings of a model that is not trained enough."""

import warnings
from collections.abc import Sequence

import numpy as np

FEWEST_EPOCHS = 25
"""Fewer epochs show no trend."""

_TREND_SHARE = 0.2
_STEEP_SHARE = 0.5
_CERTAIN = 5.0
"""Standard errors; noise alone exceeds them in less than one of a hundred runs of 25 epochs, and
more seldom in longer ones."""


def climbing_rate(elbos: Sequence[float]) -> float | None:
    """Returns the gain between two values if the ELBO still climbs steeply, or None.

    The trend is the least-squares line through the last fifth of the values. It is steep if as many
    epochs again would gain, at this rate, more than half of the gain so far.

    Args:
      elbos: The ELBO of every epoch or of every validation, in nats.
    """
    values = np.asarray(elbos, np.float64)
    if len(values) < FEWEST_EPOCHS or not np.isfinite(values).all():
        return None
    last = values[-max(5, round(_TREND_SHARE * len(values))) :]
    epochs = np.arange(len(last)) - (len(last) - 1) / 2.0
    squares = float(np.sum(epochs**2))
    slope = float(np.sum(epochs * last)) / squares
    residual = last - last.mean() - slope * epochs
    error = np.sqrt(float(np.sum(residual**2)) / (len(last) - 2) / squares)
    gain = float(last.mean() - values[0])
    if slope <= _CERTAIN * error or slope * len(values) <= _STEEP_SHARE * max(gain, 0.0):
        return None
    return slope


def shortfall(elbo: float, marginal_elbo: float | None) -> float | None:
    """Returns by how much a model is worse than the marginals of the data, in nats, or None.

    Args:
      elbo: The final ELBO, in nats.
      marginal_elbo: The log-density of independent columns, in nats; None if unknown.
    """
    if marginal_elbo is None or not elbo < marginal_elbo:
        return None
    return marginal_elbo - elbo


def warn_of_underfitting(
    history: dict[str, list[float]], stopped: bool, marginal_elbo: float | None, stacklevel: int
) -> None:
    """Warns once if the ELBO still climbs steeply or is below that of the marginals.

    Args:
      history: The log of every epoch.
      stopped: Whether a callback ended training.
      marginal_elbo: The log-density of independent columns, in nats; None if unknown.
      stacklevel: As of `warnings.warn`, from this function.
    """
    name = "val_elbo" if history.get("val_elbo") else "elbo"
    elbos = history.get(name, [])
    if not elbos:
        return
    advice = (
        "train for more epochs, or with `callbacks.Convergence()`, validation data and large "
        "`epochs`."
    )
    lacking = shortfall(elbos[-1], marginal_elbo)
    rate = None if stopped else climbing_rate(elbos)
    epochs = len(history["elbo"])
    if lacking is not None:
        warnings.warn(
            f"`{name}` is {lacking:.3g} nats below that of independent columns, so the model has "
            f"learned nothing of what they share: {advice}",
            RuntimeWarning,
            stacklevel=stacklevel,
        )
    elif rate is not None:
        warnings.warn(
            f"`{name}` still climbs by {rate * len(elbos) / epochs:.3g} nats an epoch after "
            f"{epochs} epochs: {advice}",
            RuntimeWarning,
            stacklevel=stacklevel,
        )
