"""A statistic of the data and its distribution under the model."""

from typing import Any

import numpy as np

from tfp_vae.plotting.axes import Axes, axes, check_record


def posterior_predictive_check(check: Any, ax: Axes | None = None) -> Axes:
    """Draws the statistic of the data over the histogram of the replicated ones.

    Args:
      check: A result of `evaluation.posterior_predictive_check`.
      ax: Where to draw; by default a new figure.

    Returns:
      The Matplotlib axes, in units of the statistic.

    Raises:
      TypeError: If `check` is something else, or `ax` is not axes.

    Example:
      >>> check = evaluation.posterior_predictive_check(vae, x, np.mean, replicates=20)
      >>> plotting.posterior_predictive_check(check).get_xlabel()
      'statistic'
    """
    fields = ("replicated", "observed", "p_value")
    check_record(check, "check", "posterior_predictive_check", fields)
    ax = axes(ax, 6.0, 3.6)
    bins = min(40, max(5, round(np.sqrt(len(check.replicated)))))
    ax.hist(check.replicated, bins, alpha=0.7, label="replicated data sets")
    ax.axvline(check.observed, color="C3", linewidth=2.0, label="data")
    ax.set(title=f"p-value {check.p_value:.3f}", xlabel="statistic", ylabel="data sets")
    ax.legend(fontsize="small")
    return ax
