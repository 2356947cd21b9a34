"""The plots of a training run."""

from collections.abc import Callable

import numpy as np
from matplotlib.axes import Axes
from rich.console import Console

from tfp_vae import VAE, evaluation, plotting
from tfp_vae_cli.actions.inputs import Dataset
from tfp_vae_cli.actions.progress import StepProgress
from tfp_vae_cli.actions.run_folder import History, RunFolder

_OF_IMAGES = ("reconstructions.png", "samples.png", "traversals.png", "interpolation.png")
"""Plots of rows as images or curves, which those of a table are not."""

_OF_TWO_ROWS = ("interpolation.png", "kl_per_dimension.png")
"""Plots that a single row does not allow."""

_SHOWN_ROWS = 12
_SHOWN_SAMPLES = 32
_SHOWN_LATENTS = 2000


def save_plots(
    vae: VAE,
    dataset: Dataset,
    test_rows: np.ndarray,
    history: History,
    folder: RunFolder,
    console: Console,
) -> None:
    """Draws and writes the plots of a run.

    Args:
      vae: The trained model.
      dataset: The data.
      test_rows: The indices of the test rows, `[N]`.
      history: The metrics of every epoch of training.
      folder: The folder of the run.
      console: The console for progress.
    """
    shown = test_rows[:_SHOWN_LATENTS]
    x = dataset.x[shown]
    labels = None if dataset.labels is None else dataset.labels[shown]
    plots: dict[str, Callable[[], Axes]] = {
        "training.png": lambda: plotting.training(history).axes[0],
        "reconstructions.png": lambda: plotting.reconstructions(vae, x[:_SHOWN_ROWS]),
        "samples.png": lambda: plotting.samples(vae, _SHOWN_SAMPLES, seed=0),
        "latent.png": lambda: plotting.latent(vae, x, labels),
        "traversals.png": lambda: plotting.traversals(vae, x),
    }
    plots |= {
        "interpolation.png": lambda: plotting.interpolation(vae, _pairs(x)),
        "kl_per_dimension.png": lambda: plotting.kl_per_dimension(evaluation.latent_usage(vae, x)),
    }
    if vae.schema is not None:
        plots = {name: draw for name, draw in plots.items() if name not in _OF_IMAGES}
    left_out: dict[str, str] = {}
    if len(shown) < 2:
        left_out = {name: "it takes two test rows." for name in _OF_TWO_ROWS if name in plots}
        plots = {name: draw for name, draw in plots.items() if name not in left_out}
    with StepProgress(list(plots), console) as progress:
        for name, draw in plots.items():
            progress.begin(name)
            try:
                folder.save_plot(name, draw())
            except (ValueError, NotImplementedError) as error:
                left_out[name] = str(error)
    for name, reason in left_out.items():
        console.print(f"Left out {name}: {reason}", soft_wrap=True, markup=False)


def _pairs(x: np.ndarray) -> np.ndarray:
    """Returns the first rows, an even number of them."""
    return x[: min(_SHOWN_ROWS, len(x) // 2 * 2)]
