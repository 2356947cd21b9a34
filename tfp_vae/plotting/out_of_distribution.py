"""Histogram of the ELBO of rows and of reference rows."""

from typing import Any

import numpy as np

from tfp_vae.plotting.axes import Axes, axes, check_record

_SHOWN_FROM = 0.05


def out_of_distribution(scores: Any, ax: Axes | None = None) -> Axes:
    """Draws histograms of the ELBO of the rows and of the reference rows.

    The lowest 5 % of all values are counted in the first bar.

    Args:
      scores: A result of `evaluation.out_of_distribution`.
      ax: Where to draw; by default a new figure.

    Returns:
      The Matplotlib axes, in nats.

    Raises:
      TypeError: If `scores` is something else, or `ax` is not axes.

    Example:
      >>> scores = evaluation.out_of_distribution(vae, x + 9.0, x)
      >>> plotting.out_of_distribution(scores).get_xlabel()
      'ELBO, nats per example'
    """
    fields = ("elbo", "reference_elbo", "area_by_elbo", "area_by_atypicality")
    check_record(scores, "scores", "out_of_distribution", fields)
    ax = axes(ax, 6.5, 3.6)
    every = np.concatenate([scores.elbo, scores.reference_elbo])
    # A few values far below all others would leave one bar for the rest.
    lowest = np.quantile(every, _SHOWN_FROM)
    every = np.maximum(every, lowest)
    bins = np.histogram_bin_edges(every, bins=min(50, max(5, round(np.sqrt(len(every))))))
    for values, name in ((scores.reference_elbo, "reference"), (scores.elbo, "rows")):
        ax.hist(np.maximum(values, lowest), bins.tolist(), alpha=0.6, density=True, label=name)
    ax.axvline(scores.reference_elbo.mean(), color="black", linewidth=0.8, label="reference mean")
    ax.set(
        title=f"AUROC: {scores.area_by_elbo:.2f} by negative ELBO, "
        f"{scores.area_by_atypicality:.2f} by atypicality",
        xlabel="ELBO, nats per example",
        ylabel="density",
    )
    ax.title.set_fontsize("medium")
    ax.legend(fontsize="small")
    return ax
