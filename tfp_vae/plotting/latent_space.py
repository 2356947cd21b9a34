"""Posterior means of data in the latent space."""

from typing import Any

import numpy as np

from tfp_vae import checks, shapes
from tfp_vae.model import VAE
from tfp_vae.plotting.axes import Axes, axes, check_axes

_MAX_LABELS = 10


def latent(vae: VAE, x: Any, labels: Any = None, ax: Axes | None = None) -> Axes:
    """Draws the posterior means of data as points, one colour for each label.

    With more than two latents, the first two principal components are drawn.

    Args:
      vae: The model.
      x: Data, `[N, *event]`.
      labels: A label for every row, or None.
      ax: Where to draw; by default a new figure.

    Returns:
      The Matplotlib axes.

    Raises:
      TypeError: If `x` holds no real numbers.
      ValueError: If `x` does not fit the model, or the numbers of labels and rows differ.

    Example:
      >>> plotting.latent(vae, x, labels=[0] * 10 + [1] * 10).get_xlabel()
      'latent 0'
    """
    checks.instance_of(vae, VAE, "vae", "tfp_vae.VAE.for_data(x)")
    check_axes(ax)
    means = vae.posterior(x).mean().numpy()
    if labels is not None:
        labels = _as_labels(labels, len(means))
    names = ["latent 0", "latent 1"]
    if means.shape[1] > 2:
        means, shares = _principal_components(means)
        names = [f"principal component {i + 1} ({share:.0%})" for i, share in enumerate(shares)]
    elif means.shape[1] == 1:
        means = np.concatenate([means, np.zeros_like(means)], axis=1)
        names[1] = ""
    ax = axes(ax, 6.0, 5.0)
    kinds = None if labels is None else np.unique(labels)
    if kinds is None:
        ax.scatter(means[:, 0], means[:, 1], s=8, alpha=0.7)
    elif len(kinds) > _MAX_LABELS:
        points = ax.scatter(means[:, 0], means[:, 1], s=8, alpha=0.7, c=labels, cmap="viridis")
        ax.figure.colorbar(points, ax=ax)
    else:
        for kind in kinds:
            own = means[labels == kind]
            ax.scatter(own[:, 0], own[:, 1], s=8, alpha=0.7, label=str(kind))
        ax.legend(markerscale=2.0, fontsize="small", loc="center left", bbox_to_anchor=(1.0, 0.5))
    ax.set(title="Posterior means", xlabel=names[0], ylabel=names[1])
    return ax


def _as_labels(labels: Any, rows: int) -> np.ndarray:
    kinds = (list, tuple, np.ndarray)
    if not isinstance(labels, kinds) and not hasattr(labels, "__array__"):
        raise TypeError(
            f"`labels` must be a list of one label for each row; got a {type(labels).__name__}."
        )
    try:
        values = np.asarray(labels)
    except Exception as error:
        # An `__array__` of the caller's own may raise anything.
        raise TypeError(
            "`labels` must be a list of one label for each row; got a "
            f"{type(labels).__name__} that NumPy cannot convert."
        ) from error
    if values.shape != (rows,):
        raise ValueError(
            f"`labels` must hold one label for each of {rows} rows; got shape "
            f"{shapes.written(*values.shape)}."
        )
    return values.astype(str) if values.dtype == object else values


def _principal_components(means: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the first two components `[N, 2]`, and the share of the variance in each.

    One row is enough: its components are 0.
    """
    centred = means - means.mean(axis=0)
    variances, directions = np.linalg.eigh(centred.T @ centred)
    total = np.trace(centred.T @ centred)
    shares = np.maximum(variances[:-3:-1], 0.0) / (total if total > 0 else 1.0)
    return centred @ directions[:, :-3:-1], shares
