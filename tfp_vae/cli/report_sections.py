"""All that `tfp-vae evaluate` looks at: the figures and the pictures of a model and some data."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from tfp_vae import VAE, evaluation, plotting
from tfp_vae.cli.inputs import Source
from tfp_vae.plotting.axes import Axes

_MOST_ROWS = 1000
_IMPORTANCE_SAMPLES = 500
_SHOWN_ROWS, _SHOWN_SAMPLES, _SHOWN_WALKS = 8, 32, 8


class Look(NamedTuple):
    """One thing to look at.

    Attributes:
      title: What it is.
      text: Figures as a table of text, or why there are none.
      draw: Draws its picture; None if it has none.
      file: The name of the picture, without its ending.
    """

    title: str
    text: str
    draw: Callable[[], Axes] | None
    file: str


def looks(
    vae: VAE, data: Source, history: dict[str, Any] | None, seed: int
) -> Iterator[tuple[str, Callable[[], Look]]]:
    """Yields what there is to look at: a name, and what computes it.

    What costs much is computed for at most 1,000 rows, chosen at random.

    Args:
      vae: The model.
      data: The data.
      history: The log of the training, if it is known.
      seed: The seed of the draws and of the choice of rows.
    """
    chosen = np.random.default_rng(seed).permutation(len(data.x))[:_MOST_ROWS]
    x = data.x[chosen]
    labels = None if data.labels is None else data.labels[chosen]
    some = f"{len(x)} of {len(data.x)} rows"

    def plain(title: str, file: str, draw: Callable[[], Axes]) -> Callable[[], Look]:
        return lambda: Look(title, "", draw, file)

    if history:
        yield "training", plain("Training", "training", lambda: plotting.training(history).axes[0])
    rows = x[:_SHOWN_ROWS]
    yield (
        "reconstructions",
        lambda: Look(
            f"Reconstructions, {some}",
            str(evaluation.reconstruction_error(vae, x)),
            lambda: plotting.reconstructions(vae, rows),
            "reconstructions",
        ),
    )
    yield (
        "draws",
        plain("Draws", "samples", lambda: plotting.samples(vae, _SHOWN_SAMPLES, seed=seed)),
    )
    yield "latents", plain("Latents", "latent", lambda: plotting.latent(vae, x, labels))

    def usage() -> Look:
        used = evaluation.latent_usage(vae, x, seed=seed)
        return Look(
            f"Use of the latents, {some}",
            str(used),
            lambda: plotting.kl_per_dimension(used),
            "kl_per_dimension",
        )

    yield "use of the latents", usage
    yield (
        "traversals",
        plain("Traversals", "traversals", lambda: plotting.traversals(vae, x)),
    )
    walked = x[: min(_SHOWN_WALKS, len(x) // 2 * 2)]
    yield (
        "interpolation",
        plain("Interpolation", "interpolation", lambda: plotting.interpolation(vae, walked)),
    )

    def trade_off() -> Look:
        points = evaluation.rate_distortion({data.name: vae}, x, seed=seed)
        return Look(
            f"Rate and distortion, {some}",
            str(points),
            lambda: plotting.rate_distortion(points),
            "rate_distortion",
        )

    yield "rate and distortion", trade_off

    def scale() -> Look:
        found = evaluation.calibration(vae, x, seed=seed)
        return Look(
            f"Calibration of the scale, {some}",
            str(found),
            lambda: plotting.calibration(found),
            "calibration",
        )

    yield "calibration", scale

    def marginal() -> Look:
        found = evaluation.log_marginal_likelihood(vae, x, _IMPORTANCE_SAMPLES, seed=seed)
        title = f"log p(x) by {_IMPORTANCE_SAMPLES} importance samples, {some}"
        return Look(title, str(found), None, "")

    yield "log p(x)", marginal
