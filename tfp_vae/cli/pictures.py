"""Pictures as files."""

from pathlib import Path

from tfp_vae import atomic_files
from tfp_vae.plotting.axes import Axes

_DOTS_PER_INCH = 120


def save_axes(ax: Axes, file: str | Path) -> None:
    """Writes the figure that `ax` stands in, whole or not at all, and lets go of it."""
    import matplotlib.pyplot as plt

    figure = ax.get_figure(root=True)
    assert figure is not None
    try:
        with atomic_files.atomic_path(file) as aside:
            figure.savefig(aside, dpi=_DOTS_PER_INCH)
    finally:
        plt.close(figure)
