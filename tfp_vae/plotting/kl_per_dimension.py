"""KL divergence of every latent."""

from typing import Any

import numpy as np

from tfp_vae.plotting.axes import Axes, axes, check_record


def kl_per_dimension(usage: Any, ax: Axes | None = None) -> Axes:
    """Draws the KL of every latent with its standard error, in decreasing order.

    Args:
      usage: A result of `evaluation.latent_usage`.
      ax: Where to draw; by default a new figure.

    Returns:
      The Matplotlib axes, in nats.

    Raises:
      TypeError: If `usage` is something else, or `ax` is not axes.
      ValueError: If the prior does not factorise, so that single latents have no KL.

    Example:
      >>> plotting.kl_per_dimension(evaluation.latent_usage(vae, x)).get_ylabel()
      'nats per example'
    """
    fields = ("kl_per_dimension", "kl_standard_error", "active")
    check_record(usage, "usage", "latent_usage", fields)
    values = usage.kl_per_dimension
    if np.isnan(values).any():
        raise ValueError(
            "`usage` must hold the KL of every latent; got NaN, since the prior does not factorise "
            "over the latents."
        )
    order = np.argsort(-values)
    positions = np.arange(len(values))
    active = usage.active[order]
    ax = axes(ax, float(np.clip(0.3 * len(values) + 2.0, 4.0, 14.0)), 3.6)
    for chosen, colour, name in ((active, "C0", "active"), (~active, "C7", "inactive")):
        if chosen.any():
            ax.bar(
                positions[chosen],
                values[order][chosen],
                yerr=usage.kl_standard_error[order][chosen],
                color=colour,
                ecolor="black",
                capsize=2.0,
                label=name,
            )
    step = max(1, -(-len(values) // 40))
    ax.set_xticks(positions[::step], [str(latent) for latent in order[::step]], fontsize="small")
    ax.set(title="KL divergence of every latent", xlabel="latent", ylabel="nats per example")
    ax.legend()
    return ax
