"""A statistic of the data beside the model's."""

from typing import Any

import numpy as np

from tfp_vae.plotting.axes import Axes, axes, check_record


def posterior_predictive_check(check: Any, ax: Axes | None = None) -> Axes:
    """Draws the statistic of the data over its histogram under the model.

    Args:
      check: What `evaluation.posterior_predictive_check` returned.
      ax: Where to draw; by default a new figure.

    Returns:
      The Matplotlib axes, in units of the statistic.

    Raises:
      TypeError: If `check` is something else, or `ax` no axes.

    Example:
      >>> check = evaluation.posterior_predictive_check(vae, x, np.mean, replicates=20)
      >>> plotting.posterior_predictive_check(check).get_xlabel()
      'statistic'
    """
    fields = ("replicated", "observed", "p_value")
    check_record(check, "check", "posterior_predictive_check", fields)
    ax = axes(ax, 6.0, 3.6)
    bins = min(40, max(5, round(np.sqrt(len(check.replicated)))))
    ax.hist(check.replicated, bins, alpha=0.7, label="data sets of the model")
    ax.axvline(check.observed, color="C3", linewidth=2.0, label="the data")
    ax.set(title=f"p-value {check.p_value:.3f}", xlabel="statistic", ylabel="data sets")
    ax.legend(fontsize="small")
    return ax
