"""The sections of the report of `tfp-vae evaluate`: figures and plots of a model on some data."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes

from tfp_vae import VAE, evaluation, plotting
from tfp_vae_cli.actions.inputs import Dataset

_MOST_ROWS = 1000
_IMPORTANCE_SAMPLES = 500
_SHOWN_ROWS, _SHOWN_SAMPLES = 8, 32

History = dict[str, list[float]]


class Subject(NamedTuple):
    """What a report is about.

    Attributes:
      vae: The model.
      dataset: The data, or those rows of it that are evaluated.
      row_count: How many rows there are in all.
      seed: The seed of the draws.
      history: The metrics of every epoch of training, if they are known.
    """

    vae: VAE
    dataset: Dataset
    row_count: int
    seed: int
    history: History | None

    @property
    def x(self) -> np.ndarray:
        """The rows that are evaluated, `[N, *event_shape]`."""
        return self.dataset.x

    def titled(self, title: str) -> str:
        """Returns a title that says how many rows are evaluated."""
        return f"{title}, {len(self.x)} of {self.row_count} rows"


class SectionContent(NamedTuple):
    """What a section shows.

    Attributes:
      title: Its heading.
      text: A table of text; empty if there is only a plot.
      ax: Its plot, or None.
      plot_name: The name of the plot's file, without its suffix.
    """

    title: str
    text: str = ""
    ax: Axes | None = None
    plot_name: str = ""


def sections(
    vae: VAE, dataset: Dataset, history: History | None, seed: int
) -> dict[str, Callable[[], SectionContent]]:
    """Returns the names of a report's sections, with functions that compute their content.

    At most 1,000 rows, chosen at random, are evaluated.

    Args:
      vae: The model.
      dataset: The data.
      history: The metrics of every epoch of training, if they are known.
      seed: The seed of the draws and of the choice of rows.
    """
    chosen = np.random.default_rng(seed).permutation(len(dataset.x))[:_MOST_ROWS]
    labels = None if dataset.labels is None else dataset.labels[chosen]
    evaluated = Dataset(dataset.name, dataset.x[chosen], labels)
    subject = Subject(vae, evaluated, len(dataset.x), seed, history)
    return {
        name: partial(content, subject)
        for name, content in _CONTENTS.items()
        if (history or content is not _training)
        and (vae.schema is None or content not in _OF_IMAGES)
    }


def _training(subject: Subject) -> SectionContent:
    return SectionContent(
        "Training", ax=plotting.training(subject.history).axes[0], plot_name="training"
    )


def _reconstructions(subject: Subject) -> SectionContent:
    return SectionContent(
        subject.titled("Reconstructions"),
        str(evaluation.reconstruction_error(subject.vae, subject.x)),
        plotting.reconstructions(subject.vae, subject.x[:_SHOWN_ROWS]),
        "reconstructions",
    )


def _samples(subject: Subject) -> SectionContent:
    ax = plotting.samples(subject.vae, _SHOWN_SAMPLES, seed=subject.seed)
    return SectionContent("Draws", ax=ax, plot_name="samples")


def _latent_space(subject: Subject) -> SectionContent:
    ax = plotting.latent(subject.vae, subject.x, subject.dataset.labels)
    return SectionContent("Latents", ax=ax, plot_name="latent")


def _latent_usage(subject: Subject) -> SectionContent:
    usage = evaluation.latent_usage(subject.vae, subject.x, seed=subject.seed)
    return SectionContent(
        subject.titled("Use of the latents"),
        str(usage),
        plotting.kl_per_dimension(usage),
        "kl_per_dimension",
    )


def _traversals(subject: Subject) -> SectionContent:
    ax = plotting.traversals(subject.vae, subject.x)
    return SectionContent("Traversals", ax=ax, plot_name="traversals")


def _interpolation(subject: Subject) -> SectionContent:
    pairs = subject.x[: min(_SHOWN_ROWS, len(subject.x) // 2 * 2)]
    ax = plotting.interpolation(subject.vae, pairs)
    return SectionContent("Interpolation", ax=ax, plot_name="interpolation")


def _calibration(subject: Subject) -> SectionContent:
    calibration = evaluation.calibration(subject.vae, subject.x, seed=subject.seed)
    return SectionContent(
        subject.titled("Calibration of the intervals of p(x|z)"),
        str(calibration),
        plotting.calibration(calibration),
        "calibration",
    )


def _log_marginal_likelihood(subject: Subject) -> SectionContent:
    found = evaluation.log_marginal_likelihood(
        subject.vae, subject.x, _IMPORTANCE_SAMPLES, seed=subject.seed
    )
    title = subject.titled(f"log p(x) by {_IMPORTANCE_SAMPLES} importance samples")
    return SectionContent(title, str(found))


_CONTENTS: dict[str, Callable[[Subject], SectionContent]] = {
    "training": _training,
    "reconstructions": _reconstructions,
    "draws": _samples,
    "latents": _latent_space,
    "use of the latents": _latent_usage,
    "traversals": _traversals,
    "interpolation": _interpolation,
    "calibration": _calibration,
    "log p(x)": _log_marginal_likelihood,
}

_OF_IMAGES = (_reconstructions, _samples, _traversals, _interpolation)
"""Sections that show rows as images or curves, which those of a table are not."""
