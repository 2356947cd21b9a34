"""Axes to draw on."""

from collections.abc import Sequence
from typing import Any

try:
    import matplotlib.pyplot as plt
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
except ImportError as error:
    raise ImportError("Plots need Matplotlib: pip install 'tfp-vae[cli]'.") from error

__all__ = ["Axes", "Figure", "axes", "check_axes", "check_record", "panels"]


def check_axes(ax: Any) -> None:
    """Checks where to draw.

    Raises:
      TypeError: If `ax` is neither None nor Matplotlib axes.
    """
    if not isinstance(ax, (Axes, type(None))):
        raise TypeError(f"`ax` must be Matplotlib axes or None; got a {type(ax).__name__}.")


def check_record(record: Any, name: str, source: str, fields: Sequence[str]) -> None:
    """Checks that a record is what a function of `evaluation` returns.

    Args:
      record: The record.
      name: What the caller calls it.
      source: The function that returns such records.
      fields: What they have, as far as it is drawn.

    Raises:
      TypeError: If a field is not there.
    """
    if isinstance(record, type) or not all(hasattr(record, field) for field in fields):
        raise TypeError(
            f"`{name}` must be what evaluation.{source} returned; got a {type(record).__name__}."
        )


def axes(ax: Axes | None, width: float, height: float) -> Axes:
    """Returns `ax`, or the axes of a new figure of `width` by `height` inches.

    Raises:
      TypeError: If `ax` is neither None nor Matplotlib axes.
    """
    check_axes(ax)
    if ax is not None:
        return ax
    return plt.subplots(figsize=(width, height), layout="constrained")[1]


def panels(count: int, width: float, height: float) -> tuple[Figure, Any]:
    """Returns a new figure with `count` axes side by side."""
    return plt.subplots(1, count, figsize=(width, height), layout="constrained")
