"""Training curves."""

from collections.abc import Mapping, Sequence
from typing import Any

from tfp_vae.plotting.axes import Figure, panels

_PANELS = (
    ("elbo", "ELBO"),
    ("log_likelihood", "log-likelihood"),
    ("kl_divergence", "KL divergence"),
)


def training(history: Any) -> Figure:
    """Draws the ELBO and its two terms against the epoch.

    Args:
      history: What `fit` returned, or its `history` dict.

    Returns:
      A Matplotlib figure with three axes, in nats.

    Raises:
      TypeError: If `history` is neither.
      ValueError: If the history lacks the terms.

    Example:
      >>> history = {"elbo": [-3.0], "log_likelihood": [-2.0], "kl_divergence": [1.0]}
      >>> len(plotting.training(history).axes)
      3
    """
    logs: Mapping[str, Sequence[float]] = getattr(history, "history", history)
    if not isinstance(logs, Mapping):
        raise TypeError(
            f"`history` must be what `fit` returned, or its dict; got a {type(history).__name__}."
        )
    missing = [name for name, _ in _PANELS if name not in logs]
    if missing:
        raise ValueError(
            f"`history` must hold {', '.join(missing)}; got "
            f"{', '.join(map(str, logs))[:200] or 'nothing'}."
        )
    figure, all_axes = panels(len(_PANELS), 11.0, 3.4)
    for ax, (name, title) in zip(all_axes, _PANELS, strict=True):
        epochs = range(1, len(logs[name]) + 1)
        ax.plot(epochs, logs[name], label="training")
        if f"val_{name}" in logs:
            ax.plot(epochs, logs[f"val_{name}"], label="validation")
        ax.set(title=title, xlabel="epoch", ylabel="nats per example")
        ax.grid(alpha=0.3)
    all_axes[0].legend()
    return figure
