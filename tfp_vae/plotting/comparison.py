"""ELBO of several models, relative to the best."""

from typing import Any

from tfp_vae.plotting.axes import Axes, axes, check_record


def compare(comparison: Any, ax: Axes | None = None) -> Axes:
    """Draws the ELBO of every model minus that of the best, with three paired standard errors.

    Args:
      comparison: A result of `evaluation.compare`.
      ax: Where to draw; by default a new figure.

    Returns:
      The Matplotlib axes, in nats.

    Raises:
      TypeError: If `comparison` is something else, or `ax` is not axes.

    Example:
      >>> compared = evaluation.compare({"one": vae, "the same": vae}, x)
      >>> plotting.compare(compared).get_title()
      'Difference in ELBO from the best'
    """
    fields = ("names", "difference", "difference_standard_error")
    check_record(comparison, "comparison", "compare", fields)
    rows = range(len(comparison.names))
    ax = axes(ax, 6.5, 0.5 * len(comparison.names) + 1.3)
    ax.errorbar(
        comparison.difference,
        rows,
        xerr=3.0 * comparison.difference_standard_error,
        fmt="o",
        capsize=3.0,
    )
    ax.axvline(0.0, color="black", linewidth=0.8)
    ax.set_yticks(rows, comparison.names)
    ax.set_ylim(len(comparison.names) - 0.5, -0.5)
    ax.set(title="Difference in ELBO from the best", xlabel="nats per example, ± 3 standard errors")
    return ax
