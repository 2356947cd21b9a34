"""Where the model puts the data in its latent space."""

from typing import Any

import numpy as np

from tfp_vae.model import VAE
from tfp_vae.plotting.figures import Axes, axes

_MOST_LABELS = 10


def latent(vae: VAE, x: Any, labels: Any = None, ax: Axes | None = None) -> Axes:
    """Draws the posterior means of some data as points, one colour for each label.

    Of more than two latents the first two principal components are drawn.

    Args:
      vae: The model.
      x: Data, `[N, *event]`.
      labels: A label for every row, or None.
      ax: Where to draw; by default a new figure.

    Returns:
      The Matplotlib axes.

    Raises:
      TypeError: If `x` holds no real numbers.
      ValueError: If `x` does not fit the model, or there are not as many labels as rows.

    Example:
      >>> plotting.latent(vae, x, labels=[0] * 10 + [1] * 10).get_xlabel()
      'latent 0'
    """
    means = vae.posterior(x).mean().numpy()
    if labels is not None and len(labels) != len(means):
        raise ValueError(
            f"`labels` must hold one label for each of {len(means)} rows; got {len(labels)}."
        )
    names = ["latent 0", "latent 1"]
    if means.shape[1] > 2:
        means, shares = _principal_components(means)
        names = [f"principal component {i + 1} ({share:.0%})" for i, share in enumerate(shares)]
    elif means.shape[1] == 1:
        means = np.concatenate([means, np.zeros_like(means)], axis=1)
        names[1] = ""
    ax = axes(ax, 6.0, 5.0)
    kinds = None if labels is None else np.unique(np.asarray(labels))
    if kinds is None:
        ax.scatter(means[:, 0], means[:, 1], s=8, alpha=0.7)
    elif len(kinds) > _MOST_LABELS:
        points = ax.scatter(
            means[:, 0], means[:, 1], s=8, alpha=0.7, c=np.asarray(labels), cmap="viridis"
        )
        ax.figure.colorbar(points, ax=ax)
    else:
        for kind in kinds:
            own = means[np.asarray(labels) == kind]
            ax.scatter(own[:, 0], own[:, 1], s=8, alpha=0.7, label=str(kind))
        ax.legend(markerscale=2.0, fontsize="small", loc="center left", bbox_to_anchor=(1.0, 0.5))
    ax.set(title="Posterior means", xlabel=names[0], ylabel=names[1])
    return ax


def _principal_components(means: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the first two components `[N, 2]`, and the share of the variance in each."""
    centred = means - means.mean(axis=0)
    _, singular, directions = np.linalg.svd(centred, full_matrices=False)
    total = np.sum(singular**2)
    shares = singular[:2] ** 2 / (total if total > 0 else 1.0)
    return centred @ directions[:2].T, shares
