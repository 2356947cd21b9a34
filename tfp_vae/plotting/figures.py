"""Axes to draw on."""

from typing import Any

try:
    import matplotlib.pyplot as plt
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
except ImportError as error:
    raise ImportError("Plots need Matplotlib: pip install 'tfp-vae[cli]'.") from error

__all__ = ["Axes", "Figure", "axes", "panels"]


def axes(ax: Axes | None, width: float, height: float) -> Axes:
    """Returns `ax`, or the axes of a new figure of `width` by `height` inches."""
    if ax is not None:
        return ax
    return plt.subplots(figsize=(width, height), layout="constrained")[1]


def panels(count: int, width: float, height: float) -> tuple[Figure, Any]:
    """Returns a new figure with `count` axes side by side."""
    return plt.subplots(1, count, figsize=(width, height), layout="constrained")
