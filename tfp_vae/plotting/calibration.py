"""Coverage of central intervals against their level."""

import math
from typing import Any

from tfp_vae.plotting.axes import Axes, axes, check_record


def calibration(calibrated: Any, ax: Axes | None = None) -> Axes:
    """Draws the coverage of central intervals against their level, with three standard errors.

    Args:
      calibrated: A result of `evaluation.calibration`.
      ax: Where to draw; by default a new figure.

    Returns:
      The Matplotlib axes.

    Raises:
      TypeError: If `calibrated` is something else, or `ax` is not axes.

    Example:
      >>> plotting.calibration(evaluation.calibration(vae, x)).get_xlabel()
      'level of the interval'
    """
    fields = ("levels", "coverage", "coverage_standard_error", "residual_spread")
    check_record(calibrated, "calibrated", "calibration", fields)
    ax = axes(ax, 4.6, 4.2)
    ax.plot([0.0, 1.0], [0.0, 1.0], color="black", linewidth=0.8, label="calibrated")
    ax.errorbar(
        calibrated.levels,
        calibrated.coverage,
        yerr=3.0 * calibrated.coverage_standard_error,
        marker="o",
        markersize=4.0,
        capsize=2.0,
        label="model",
    )
    if not math.isnan(calibrated.residual_spread):
        ax.set_title(f"RMS of (x - mean) / stddev: {calibrated.residual_spread:.2f}")
    ax.set(
        xlabel="level of the interval",
        ylabel="coverage, ± 3 standard errors",
        xlim=(0.0, 1.0),
        ylim=(0.0, 1.0),
    )
    ax.legend(fontsize="small")
    return ax
