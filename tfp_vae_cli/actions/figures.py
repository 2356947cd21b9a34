"""Figures as PNG files."""

from pathlib import Path

from matplotlib.axes import Axes

from tfp_vae import atomic_files

_DOTS_PER_INCH = 120


def save_figure(ax: Axes, file: str | Path) -> None:
    """Writes the figure of `ax`, whole or not at all, and closes it."""
    import matplotlib.pyplot as plt

    figure = ax.get_figure(root=True)
    assert figure is not None
    try:
        with atomic_files.atomic_path(file) as aside:
            figure.savefig(aside, dpi=_DOTS_PER_INCH)
    finally:
        plt.close(figure)
