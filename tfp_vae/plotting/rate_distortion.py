"""Rate-distortion plane."""

from typing import Any

import numpy as np

from tfp_vae.plotting.axes import Axes, axes, check_record

_LINES = 6
_LINE_HEIGHT, _LETTER_WIDTH = 13.0, 7.0
"""Upper bounds on the size of the labels, in typographic points."""


def rate_distortion(points: Any, ax: Axes | None = None) -> Axes:
    """Draws the distortion of models against their rate, over lines of equal ELBO.

    Args:
      points: A result of `evaluation.rate_distortion`.
      ax: Where to draw; by default a new figure.

    Returns:
      The Matplotlib axes, in nats.

    Raises:
      TypeError: If `points` is something else, or `ax` is not axes.

    Example:
      >>> plotting.rate_distortion(evaluation.rate_distortion(vae, x)).get_xlabel()
      'rate, nats per example'
    """
    fields = ("names", "rate", "rate_standard_error", "distortion", "distortion_standard_error")
    check_record(points, "points", "rate_distortion", fields)
    ax = axes(ax, 5.6, 4.4)
    ax.errorbar(
        points.rate,
        points.distortion,
        xerr=points.rate_standard_error,
        yerr=points.distortion_standard_error,
        marker="o",
        markersize=5.0,
        linewidth=0.8,
        capsize=2.0,
    )
    ax.margins(x=0.3, y=0.2)
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    for total in np.linspace(left + low, right + high, _LINES + 2)[1:-1]:
        ax.plot([left, right], [total - left, total - right], "k:", linewidth=0.6, zorder=0)
    ax.set(
        title="Dotted: equal ELBO",
        xlabel="rate, nats per example",
        ylabel="distortion, nats per example",
        xlim=(left, right),
        ylim=(low, high),
    )
    _write_names(points, ax)
    return ax


def _write_names(points: Any, ax: Axes) -> None:
    """Labels every point with the name of its model; labels that would overlap are raised.

    The limits of the axes must be set.
    """
    at = np.stack([points.rate, points.distortion], axis=-1)
    positions = ax.transData.transform(at) * 72.0 / ax.figure.dpi
    taken: list[tuple[float, float, float]] = []
    for model in np.argsort(points.distortion):
        (left, up), width = positions[model], _LETTER_WIDTH * len(points.names[model])
        height = 5.0
        for other_left, other_up, other_width in sorted(taken, key=lambda box: box[1]):
            apart = left > other_left + other_width or other_left > left + width
            if not apart and abs(up + height - other_up) < _LINE_HEIGHT:
                height = other_up - up + _LINE_HEIGHT
        taken.append((left, up + height, width))
        ax.annotate(points.names[model], at[model], (5.0, height), textcoords="offset points")
