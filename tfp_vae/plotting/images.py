"""Rows of data as images, or as a heat map where a row is a vector."""

from typing import Any

import numpy as np

from tfp_vae import checks
from tfp_vae.model import VAE
from tfp_vae.plotting.axes import Axes, axes, check_axes

_GAP = 1


def reconstructions(vae: VAE, x: Any, ax: Axes | None = None) -> Axes:
    """Draws rows of data above their reconstructions, the means of p(x|z) at the posterior mean.

    Args:
      vae: The model.
      x: A few rows of data, `[B, *event]`.
      ax: Where to draw; by default a new figure.

    Returns:
      The Matplotlib axes.

    Raises:
      TypeError: If `x` holds no real numbers.
      ValueError: If `x` does not fit the model.

    Example:
      >>> plotting.reconstructions(vae, x[:4]).get_title()
      'Data and reconstructions'
    """
    checks.instance_of(vae, VAE, "vae", "tfp_vae.VAE.for_data(x)")
    check_axes(ax)
    originals = vae.prepared(x).numpy()
    means = vae.decoder.likelihood.prediction(vae.reconstruct(x)).numpy()
    if _are_images(originals):
        ax = axes(ax, 0.8 * len(originals) + 0.6, 2.0)
        _draw_images(ax, np.concatenate([originals, means]), columns=len(originals))
        height = originals.shape[1] + _GAP
        ax.set_yticks([height / 2, height * 1.5], ["data", "mean of\np(x|z)"])
        ax.tick_params(left=False)
    else:
        ax = axes(ax, 9.0, 4.5)
        _draw_vectors(ax, np.concatenate([originals, means]), split=len(originals))
        ax.set_yticks(
            [len(originals) / 2, len(originals) * 1.5 + _GAP], ["data", "mean of\np(x|z)"]
        )
    ax.set_title("Data and reconstructions")
    return ax


def samples(vae: VAE, sample_size: int = 32, seed: Any = 0, ax: Axes | None = None) -> Axes:
    """Draws the means of p(x|z) for draws of z from the prior.

    Args:
      vae: The model.
      sample_size: The number of draws.
      seed: An int, a `[2]` integer tensor, or None for a fresh seed.
      ax: Where to draw; by default a new figure.

    Returns:
      The Matplotlib axes.

    Raises:
      TypeError: If an argument is of the wrong kind.
      ValueError: If `sample_size` is not positive.

    Example:
      >>> plotting.samples(vae, sample_size=4).get_title()
      'Draws from the model: means of p(x|z)'
    """
    checks.instance_of(vae, VAE, "vae", "tfp_vae.VAE.for_data(x)")
    check_axes(ax)
    means = vae.sample(sample_size, seed=seed, mean=True).numpy()
    if _are_images(means):
        columns = int(np.ceil(np.sqrt(2 * sample_size)))
        lines = -(-sample_size // columns)
        ax = axes(ax, 0.8 * columns + 0.4, 0.8 * lines + 0.6)
        _draw_images(ax, means, columns)
        ax.set_yticks([])
    else:
        ax = axes(ax, 9.0, 3.5)
        _draw_vectors(ax, means, split=0)
        ax.set_ylabel("draw")
    ax.set_title("Draws from the model: means of p(x|z)")
    return ax


def draw_lines(ax: Axes, rows: np.ndarray, names: list[str]) -> None:
    """Draws rows of data `[lines, steps, *event]`, each line with its name at the left.

    Images are drawn side by side; for vectors every line is a heat map with one row for each step.
    """
    lines, steps = rows.shape[:2]
    flat = rows.reshape(lines * steps, *rows.shape[2:])
    if _are_images(flat):
        _draw_images(ax, flat, columns=steps)
        height = rows.shape[2] + _GAP
        ax.set_yticks([height * (line + 0.5) for line in range(lines)], names)
    else:
        vectors = rows.reshape(lines, steps, -1)
        gap = np.full((lines, _GAP, vectors.shape[-1]), np.nan)
        sheet = np.concatenate([vectors, gap], axis=1).reshape(-1, vectors.shape[-1])[:-_GAP]
        _draw_vectors(ax, sheet, split=0)
        ax.set_yticks([(steps + _GAP) * line + 0.5 * steps for line in range(lines)], names)
    ax.tick_params(left=False)


def _are_images(rows: np.ndarray) -> bool:
    return rows.ndim == 3 or (rows.ndim == 4 and rows.shape[-1] in (1, 3))


def _draw_images(ax: Axes, images: np.ndarray, columns: int) -> None:
    images = images if images.ndim == 4 else images[..., None]
    count, height, width, channels = images.shape
    lines = -(-count // columns)
    shape = (lines * (height + _GAP) - _GAP, columns * (width + _GAP) - _GAP, channels)
    sheet = np.full(shape, np.nan)
    for index, image in enumerate(images):
        top, left = (index // columns) * (height + _GAP), (index % columns) * (width + _GAP)
        sheet[top : top + height, left : left + width] = image
    if channels == 3:
        ax.imshow(np.clip(np.nan_to_num(sheet, nan=1.0), 0.0, 1.0), interpolation="nearest")
    else:
        ax.imshow(sheet[..., 0], cmap="gray_r", interpolation="nearest")
    ax.set_xticks([])
    for spine in ax.spines.values():
        spine.set_visible(False)


def _draw_vectors(ax: Axes, rows: np.ndarray, split: int) -> None:
    rows = rows.reshape(len(rows), -1)
    if split:
        gap = np.full((_GAP, rows.shape[1]), np.nan)
        rows = np.concatenate([rows[:split], gap, rows[split:]])
    image = ax.imshow(rows, aspect="auto", cmap="viridis", interpolation="nearest")
    ax.set_xlabel("column")
    ax.figure.colorbar(image, ax=ax)
