"""Pictures as files."""

from pathlib import Path

from tfp_vae.plotting.figures import Axes

_DOTS_PER_INCH = 120


def save_axes(ax: Axes, file: str | Path) -> None:
    """Writes the figure that `ax` stands in, and lets go of it."""
    import matplotlib.pyplot as plt

    figure = ax.get_figure(root=True)
    assert figure is not None
    figure.savefig(file, dpi=_DOTS_PER_INCH)
    plt.close(figure)
