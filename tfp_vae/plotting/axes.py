"""Matplotlib axes, and checks of what is to be drawn."""

from collections.abc import Sequence

try:
    import matplotlib.pyplot as plt
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
except ImportError as error:
    raise ImportError("Plots need Matplotlib: pip install 'tfp-vae[cli]'.") from error

__all__ = ["Axes", "Figure", "axes", "check_axes", "check_record", "panels"]


def check_axes(ax: object) -> None:
    """Checks the argument `ax`.

    Raises:
      TypeError: If `ax` is neither None nor Matplotlib axes.
    """
    if not isinstance(ax, (Axes, type(None))):
        raise TypeError(f"`ax` must be Matplotlib axes or None; got a {type(ax).__name__}.")


def check_record(record: object, name: str, source: str, fields: Sequence[str]) -> None:
    """Checks that a record is a result of a function of `evaluation`, by the fields to draw.

    Args:
      record: The record.
      name: The caller's name for it.
      source: The function of `evaluation` that returns such records.
      fields: The fields to draw.

    Raises:
      TypeError: If a field is missing.
    """
    if isinstance(record, type) or not all(hasattr(record, field) for field in fields):
        raise TypeError(
            f"`{name}` must be a result of evaluation.{source}; got a {type(record).__name__}."
        )


def axes(ax: Axes | None, width: float, height: float) -> Axes:
    """Returns `ax`, or the axes of a new figure of `width` by `height` inches.

    Raises:
      TypeError: If `ax` is neither None nor Matplotlib axes.
    """
    check_axes(ax)
    if ax is not None:
        return ax
    new_axes: Axes = plt.subplots(figsize=(width, height), layout="constrained")[1]
    return new_axes


def panels(count: int, width: float, height: float) -> tuple[Figure, Sequence[Axes]]:
    """Returns a new figure of `width` by `height` inches with `count` axes side by side."""
    figure, all_axes = plt.subplots(1, count, figsize=(width, height), layout="constrained")
    return figure, all_axes
