"""Warnings of a model that is not trained enough, or too long."""

import warnings
from collections.abc import Callable, Sequence

import numpy as np

FEWEST_EPOCHS = 25
"""Fewer epochs show no trend."""

_TREND_SHARE = 0.2
_STEEP_SHARE = 0.5
_CERTAIN = 5.0
"""Standard errors; noise alone exceeds them in less than one of a hundred runs of 25 epochs, and
more seldom in longer ones."""

_LEAST_SHORTFALL = 0.1
_SHORTFALL_SHARE = 0.01

_ADVICE = "with `callbacks.Convergence()`, validation data and large `epochs`."


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


def shortfall(
    elbos: Sequence[float], marginal_elbo: float | None, elbo: float | None = None
) -> float | None:
    """Returns by how much a model is worse than the marginals of the data, in nats, or None.

    Less than 1 % of the marginals' log-density, or than 0.1 nats, does not count, nor does what
    lies within twice the standard deviation of the last five values.

    Args:
      elbos: The ELBO of every epoch or of every validation, in nats.
      marginal_elbo: The log-density of independent columns, in nats; None if unknown.
      elbo: The ELBO of the model, in nats; None for that of the last epoch.
    """
    if marginal_elbo is None or len(elbos) < FEWEST_EPOCHS:
        return None
    noise = 2.0 * float(np.std(elbos[-5:]))
    margin = max(_LEAST_SHORTFALL, _SHORTFALL_SHARE * abs(marginal_elbo), noise)
    lacking = marginal_elbo - (elbos[-1] if elbo is None else elbo)
    return lacking if lacking > margin else None


def warn_of_underfitting(
    history: dict[str, list[float]],
    stopped: bool,
    marginal_elbo: float | None,
    stacklevel: int,
    current_elbo: Callable[[], float | None] = lambda: None,
) -> None:
    """Warns once if the ELBO still climbs steeply or is below that of the marginals.

    Args:
      history: The log of every epoch.
      stopped: Whether a callback ended training, which may have restored other weights than the
        last ones.
      marginal_elbo: The log-density of independent columns, in nats; None if unknown.
      stacklevel: As of `warnings.warn`, from this function.
      current_elbo: Computes the validation ELBO of the present weights, in nats, or None where
        there is no validation data.
    """
    name = "val_elbo" if history.get("val_elbo") else "elbo"
    elbos = history.get(name, [])
    if not elbos:
        return
    lacking = shortfall(elbos, marginal_elbo)
    if lacking is not None and stopped:
        lacking = shortfall(elbos, marginal_elbo, current_elbo())
    rate = None if stopped else climbing_rate(elbos)
    epochs = len(history["elbo"])
    best = int(np.argmax(elbos))
    if lacking is None and rate is not None:
        sentence = (
            f"`{name}` still climbs by {rate * len(elbos) / epochs:.3g} nats an epoch after "
            f"{epochs} epochs: train for more epochs, or {_ADVICE}"
        )
    elif lacking is None:
        return
    elif marginal_elbo is not None and elbos[best] >= marginal_elbo:
        sentence = (
            f"`{name}` is {lacking:.3g} nats below that of independent columns, and was above it "
            f"after {round((best + 1) * epochs / len(elbos))} of {epochs} epochs, so the model "
            f"has overfitted: train for fewer epochs, or {_ADVICE}"
        )
    else:
        sentence = (
            f"`{name}` is {lacking:.3g} nats below that of independent columns, so the model has "
            f"learned nothing of what they share: train for more epochs, or {_ADVICE}"
        )
    warnings.warn(sentence, RuntimeWarning, stacklevel=stacklevel)
