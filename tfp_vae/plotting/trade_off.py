"""Models by rate and distortion."""

from typing import Any

import numpy as np

from tfp_vae.plotting.figures import Axes, axes, check_record

_LINES = 6


def rate_distortion(points: Any, ax: Axes | None = None) -> Axes:
    """Draws the distortion of models against their rate, over lines of equal bound.

    Args:
      points: What `evaluation.rate_distortion` returned.
      ax: Where to draw; by default a new figure.

    Returns:
      The Matplotlib axes, in nats.

    Raises:
      TypeError: If `points` is something else, or `ax` no axes.

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
    for name, rate, distortion in zip(points.names, points.rate, points.distortion, strict=True):
        ax.annotate(name, (rate, distortion), xytext=(5, 5), textcoords="offset points")
    ax.margins(x=0.3, y=0.2)
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    for total in np.linspace(left + low, right + high, _LINES + 2)[1:-1]:
        ax.plot([left, right], [total - left, total - right], "k:", linewidth=0.6, zorder=0)
    ax.set(
        title="Dotted: the same ELBO",
        xlabel="rate, nats per example",
        ylabel="distortion, nats per example",
        xlim=(left, right),
        ylim=(low, high),
    )
    return ax
