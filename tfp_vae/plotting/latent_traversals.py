"""Latent traversals and interpolations."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tfp_vae import checks, seeds, supports
from tfp_vae.model import VAE
from tfp_vae.plotting.axes import Axes, axes, check_axes
from tfp_vae.plotting.images import draw_lines

_MAX_LATENTS = 10
_PRIOR_DRAWS = 1000


def traversals(
    vae: VAE,
    x: Any,
    latents: Sequence[int] | None = None,
    steps: int = 9,
    span: float = 2.0,
    ax: Axes | None = None,
) -> Axes:
    """Draws a latent traversal: a line for each latent, which goes from low to high.

    Every line takes the posterior mean of the first row of `x`, and moves one latent from `span`
    standard deviations of the prior below the prior's mean to as many above.

    Args:
      vae: The model.
      x: Data, `[N, *event]`; the first row is traversed.
      latents: The latents to move; by default the ten whose posterior mean varies most over `x`, in
        decreasing order.
      steps: The number of values that each latent takes.
      span: The distance to either side, in standard deviations of the prior.
      ax: Where to draw; by default a new figure.

    Returns:
      The Matplotlib axes.

    Raises:
      TypeError: If an argument is of the wrong kind.
      ValueError: If `x` does not fit the model, a number is not positive, there is no such latent,
        or the latents cannot be moved one by one, as on a sphere.

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
            f"`vae` must have real latents, which can be moved one by one; got {space.description}."
        )
    batch = vae.distributions(x)
    mean = vae.reconstructing_latents(batch.posterior).numpy()
    decoder_size = vae.decoder_latents(mean).shape[-1]
    chosen = _as_latents(latents, mean[:, :decoder_size])
    draws = vae.prior().sample(_PRIOR_DRAWS, seed=seeds.as_seed(0)).numpy()
    centre, scale = draws.mean(axis=0), draws.std(axis=0)
    z = np.tile(mean[0], [len(chosen), steps, 1])
    for line, latent in enumerate(chosen):
        z[line, :, latent] = centre[latent] + scale[latent] * np.linspace(-span, span, steps)
    ax = _drawn(vae, z, ax, [f"latent {latent}" for latent in chosen])
    ax.set_title(f"Latent traversals, ± {span:g} standard deviations of the prior")
    return ax


def interpolation(vae: VAE, x: Any, steps: int = 9, ax: Axes | None = None) -> Axes:
    """Draws interpolations between pairs of rows in the latent space.

    The ends are the posterior means of the two rows. The path is a straight line, or a great-circle
    arc for latents on the unit sphere.

    Args:
      vae: The model.
      x: Two rows for each line of the figure, `[2 * lines, *event]`: from the first to the second,
        from the third to the fourth, and so on.
      steps: The number of images in a line, both ends included, at least two.
      ax: Where to draw; by default a new figure.

    Returns:
      The Matplotlib axes.

    Raises:
      TypeError: If an argument is of the wrong kind.
      ValueError: If `x` does not fit the model or has an odd number of rows, or `steps` is below 2.

    Example:
      >>> plotting.interpolation(vae, x[:2]).get_title()
      'Interpolation between two rows of data'

    Source: Shoemake (1985), "Animating rotation with quaternion curves", section 3.3 (the arc).
    """
    _check_model(vae)
    check_axes(ax)
    if checks.positive_int(steps, "steps") < 2:
        raise ValueError("`steps` must be at least 2, for both ends; got 1.")
    vae.check_rows(x)
    rows = checks.array(x)
    if len(rows) % 2:
        raise ValueError(
            f"`x` must hold two rows for each line, an even number of them; got {len(rows)}."
        )
    batch = vae.distributions(rows)
    ends = vae.reconstructing_latents(batch.posterior).numpy()
    share = np.linspace(0.0, 1.0, steps, dtype=ends.dtype)[:, None]
    on_sphere = vae.latent_pairs[0][0].latent_space == supports.UNIT_VECTORS
    path = _arc if on_sphere else _line
    pairs = zip(ends[::2], ends[1::2], strict=True)
    z = np.stack([path(start, end, share) for start, end in pairs])
    ax = _drawn(vae, z, ax, [""] * len(z))
    ax.set_title("Interpolation between two rows of data")
    return ax


def _check_model(vae: VAE) -> None:
    checks.instance_of(vae, VAE, "vae", "tfp_vae.VAE.for_data(x)")
    if vae.pipeline.parts.required:
        raise ValueError("`vae` must have no condition; got a model of p(x|y).")


def _as_latents(latents: Sequence[int] | None, means: np.ndarray) -> list[int]:
    size = means.shape[1]
    if latents is None:
        order = np.argsort(-means.var(axis=0), kind="stable")
        return [int(latent) for latent in order[:_MAX_LATENTS]]
    chosen = checks.array(latents, "latents")
    if chosen.ndim != 1 or not chosen.size or not np.issubdtype(chosen.dtype, np.integer):
        raise TypeError(
            f"`latents` must be a list of ints, such as [0, 3]; got a {type(latents).__name__}."
        )
    if chosen.min() < 0 or chosen.max() >= size:
        raise ValueError(f"`latents` must be from 0 to {size - 1}; got {chosen.tolist()}.")
    return [int(latent) for latent in chosen]


def _drawn(vae: VAE, z: np.ndarray, ax: Axes | None, names: list[str]) -> Axes:
    """Draws what the decoder predicts for latents `[lines, steps, L]`."""
    lines, steps, size = z.shape
    flat = tf.reshape(tf.convert_to_tensor(z), [lines * steps, size])
    predicted = vae.decoder.likelihood.prediction(vae.decoded(flat)).numpy()
    ax = axes(ax, 0.8 * steps + 1.0, 0.8 * lines + 0.6)
    draw_lines(ax, predicted.reshape(lines, steps, *predicted.shape[1:]), names)
    return ax


def _line(start: np.ndarray, end: np.ndarray, share: np.ndarray) -> np.ndarray:
    points: np.ndarray = (1.0 - share) * start + share * end
    return points


def _arc(start: np.ndarray, end: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Returns points of a shortest arc on the unit sphere; between antipodes, of any of them.

    Posterior means lie inside the sphere, and are projected onto it first.
    """
    start, end = (each / np.maximum(np.linalg.norm(each), 1e-12) for each in (start, end))
    orthogonal = end - (start @ end) * start
    length = np.linalg.norm(orthogonal)
    if length < 1e-6:
        orthogonal = np.roll(start, 1)
        orthogonal = orthogonal - (start @ orthogonal) * start
        length = np.linalg.norm(orthogonal)
        if length < 1e-6:
            orthogonal = np.eye(len(start), dtype=start.dtype)[0]
            orthogonal = orthogonal - (start @ orthogonal) * start
            length = np.linalg.norm(orthogonal)
    angle = np.arccos(np.clip(start @ end, -1.0, 1.0))
    points: np.ndarray = np.cos(share * angle) * start + np.sin(share * angle) * orthogonal / length
    return points
