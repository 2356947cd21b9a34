"""Walks through the latent space, and what the decoder makes of every step."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tfp_vae import checks, seeds, supports
from tfp_vae.model import VAE
from tfp_vae.plotting.axes import Axes, axes, check_axes
from tfp_vae.plotting.images import draw_lines

_MOST_LATENTS = 10
_PRIOR_DRAWS = 1000


def traversals(
    vae: VAE,
    x: Any,
    latents: Sequence[int] | None = None,
    steps: int = 9,
    span: float = 2.0,
    ax: Axes | None = None,
) -> Axes:
    """Draws what one latent after another changes: a line for each, from low to high.

    Every line starts at the posterior mean of the first row of `x`, and moves one latent over
    `span` standard deviations of the prior to either side of the prior's mean.

    Args:
      vae: The model.
      x: Data, `[N, *event]`. The first row is the start.
      latents: Which latents to move; by default at most ten of those whose posterior mean varies
        most over `x`, the most first.
      steps: How many values each latent takes.
      span: How far to go, in standard deviations of the prior.
      ax: Where to draw; by default a new figure.

    Returns:
      The Matplotlib axes.

    Raises:
      TypeError: If an argument is of the wrong kind.
      ValueError: If `x` does not fit the model, a number is not positive, there is no such latent,
        or the latents cannot move one by one, as those on a sphere.

    Example:
      >>> drawn = plotting.traversals(vae, x, latents=[0, 1])
      >>> [label.get_text() for label in drawn.get_yticklabels()]
      ['latent 0', 'latent 1']
    """
    _check_model(vae)
    check_axes(ax)
    steps = checks.positive_int(steps, "steps")
    span = checks.finite_number(span, "span", minimum=0.0, exclusive=True)
    space = vae.latent_pairs[0][0].latent_space
    if space != supports.REAL_VECTORS:
        raise ValueError(
            "`vae` must have latents that can move one by one, any real numbers; got "
            f"{space.description}."
        )
    batch = vae.distributions(x)
    mean = vae.reconstructing_latents(batch.posterior).numpy()
    seen = vae.decoder_latents(mean).shape[-1]
    chosen = _as_latents(latents, mean[:, :seen])
    draws = vae.prior().sample(_PRIOR_DRAWS, seed=seeds.as_seed(0)).numpy()
    centre, scale = draws.mean(axis=0), draws.std(axis=0)
    z = np.tile(mean[0], [len(chosen), steps, 1])
    for line, latent in enumerate(chosen):
        z[line, :, latent] = centre[latent] + scale[latent] * np.linspace(-span, span, steps)
    ax = _drawn(vae, z, ax, [f"latent {latent}" for latent in chosen])
    ax.set_title(f"One latent after another, {span:g} standard deviations to either side")
    return ax


def interpolation(vae: VAE, x: Any, steps: int = 9, ax: Axes | None = None) -> Axes:
    """Draws the way from one row of data to another, through the latent space.

    The ends are the posterior means of the two rows. The way is a straight line, or between
    latents on the unit sphere the arc of a great circle.

    Args:
      vae: The model.
      x: Two rows for each line of the picture, `[2 * lines, *event]`: from the first to the second,
        from the third to the fourth, and so on.
      steps: How many pictures a line has, both ends among them, at least two.
      ax: Where to draw; by default a new figure.

    Returns:
      The Matplotlib axes.

    Raises:
      TypeError: If an argument is of the wrong kind.
      ValueError: If `x` does not fit the model or has an odd number of rows, or `steps` is below 2.

    Example:
      >>> plotting.interpolation(vae, x[:2]).get_title()
      'From the left row of data to the right one'

    Source: Shoemake (1985), "Animating rotation with quaternion curves", section 3.3 (the arc).
    """
    _check_model(vae)
    check_axes(ax)
    if checks.positive_int(steps, "steps") < 2:
        raise ValueError("`steps` must be at least 2, for both ends; got 1.")
    rows = checks.array(x)
    vae.check_rows(rows)
    if len(rows) % 2:
        raise ValueError(
            f"`x` must hold two rows for each line, an even number of them; got {len(rows)}."
        )
    batch = vae.distributions(rows)
    ends = vae.reconstructing_latents(batch.posterior).numpy()
    share = np.linspace(0.0, 1.0, steps, dtype=ends.dtype)[:, None]
    on_sphere = vae.latent_pairs[0][0].latent_space == supports.UNIT_VECTORS
    way = _arc if on_sphere else _line
    pairs = zip(ends[::2], ends[1::2], strict=True)
    z = np.stack([way(start, end, share) for start, end in pairs])
    ax = _drawn(vae, z, ax, [""] * len(z))
    ax.set_title("From the left row of data to the right one")
    return ax


def _check_model(vae: VAE) -> None:
    checks.instance_of(vae, VAE, "vae", "tfp_vae.VAE.for_data(x)")
    if vae.condition is not None:
        raise ValueError("`vae` must have no condition, which a walk would have to choose.")


def _as_latents(latents: Sequence[int] | None, means: np.ndarray) -> list[int]:
    size = means.shape[1]
    if latents is None:
        return np.argsort(-means.var(axis=0), kind="stable")[:_MOST_LATENTS].tolist()
    chosen = checks.array(latents, "latents")
    if chosen.ndim != 1 or not chosen.size or not np.issubdtype(chosen.dtype, np.integer):
        raise TypeError(
            f"`latents` must be a list of ints, such as [0, 3]; got a {type(latents).__name__}."
        )
    if chosen.min() < 0 or chosen.max() >= size:
        raise ValueError(f"`latents` must be from 0 to {size - 1}; got {chosen.tolist()}.")
    return chosen.tolist()


def _drawn(vae: VAE, z: np.ndarray, ax: Axes | None, names: list[str]) -> Axes:
    """Draws what the decoder predicts for latents `[lines, steps, L]`."""
    lines, steps, size = z.shape
    flat = tf.reshape(tf.convert_to_tensor(z), [lines * steps, size])
    predicted = vae.decoder.likelihood.prediction(vae.decoded(flat)).numpy()
    ax = axes(ax, 0.8 * steps + 1.0, 0.8 * lines + 0.6)
    draw_lines(ax, predicted.reshape(lines, steps, *predicted.shape[1:]), names)
    return ax


def _line(start: np.ndarray, end: np.ndarray, share: np.ndarray) -> np.ndarray:
    return (1.0 - share) * start + share * end


def _arc(start: np.ndarray, end: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Returns points of the unit sphere; of two opposite ends no arc is the shortest: any will do.

    The means of a posterior on the sphere lie inside it, and are brought onto it first.
    """
    start, end = (each / np.maximum(np.linalg.norm(each), 1e-12) for each in (start, end))
    across = end - (start @ end) * start
    length = np.linalg.norm(across)
    if length < 1e-6:
        across = np.roll(start, 1)
        across = across - (start @ across) * start
        length = np.linalg.norm(across)
        if length < 1e-6:
            across = np.eye(len(start), dtype=start.dtype)[0]
            across = across - (start @ across) * start
            length = np.linalg.norm(across)
    angle = np.arccos(np.clip(start @ end, -1.0, 1.0))
    return np.cos(share * angle) * start + np.sin(share * angle) * across / length
