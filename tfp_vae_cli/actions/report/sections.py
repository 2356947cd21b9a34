"""The sections of the report of `tfp-vae evaluate`: figures and plots of a model on some data."""

import warnings
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from typing import NamedTuple

import numpy as np
from bokeh.model import Model
from matplotlib.axes import Axes

from tfp_vae import VAE, divergences, evaluation, plotting, posteriors
from tfp_vae_cli.actions.inputs import Dataset
from tfp_vae_cli.actions.report import explorable
from tfp_vae_cli.actions.report.row_pictures import RowPictures
from tfp_vae_cli.actions.report.worst_rows import worst_rows
from tfp_vae_cli.actions.run_folder import History

_MOST_ROWS = 1000
_IMPORTANCE_SAMPLES, _FEWEST_EFFECTIVE = 500, 10
_FEWEST_COMPARED = 20
"""What `evaluation.generation` asks for."""

_SHOWN_ROWS, _SHOWN_SAMPLES = 8, 32


class Subject:
    """What a report is about.

    Args:
      vae: The model.
      dataset: The rows that are evaluated.
      numbers: Their numbers in the data, `[N]`.
      row_count: How many rows there are in all.
      seed: The seed of the draws.
      history: The metrics of every epoch of training, if they are known.
    """

    def __init__(
        self,
        vae: VAE,
        dataset: Dataset,
        numbers: np.ndarray,
        row_count: int,
        seed: int,
        history: History | None,
    ) -> None:
        self.vae, self.dataset, self.numbers = vae, dataset, numbers
        self.row_count, self.seed, self.history = row_count, seed, history

    @cached_property
    def pictures(self) -> RowPictures:
        """What shows rows."""
        return RowPictures(self.vae, self.x)

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
      explorable: What the page shows instead of the plot: Bokeh models that answer to the pointer.
      table: A table in HTML.
      verdict: A sentence for the beginning of the report.
      remark: A sentence below what is shown.
    """

    title: str
    text: str = ""
    ax: Axes | None = None
    plot_name: str = ""
    explorable: Sequence[Model] = ()
    table: str = ""
    verdict: str = ""
    remark: str = ""


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
    subject = Subject(vae, evaluated, chosen, len(dataset.x), seed, history)
    return {
        name: partial(content, subject)
        for name, content in _CONTENTS.items()
        if (history or content is not _training)
        and (isinstance(vae.encoder.posterior, posteriors.VectorQuantized) or content is not _codes)
        and (vae.schema is None or content not in _OF_IMAGES)
    }


def _training(subject: Subject) -> SectionContent:
    assert subject.history is not None
    return SectionContent(
        "Training",
        ax=plotting.training(subject.history).axes[0],
        plot_name="training",
        explorable=explorable.curves(subject.history),
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
    labels = subject.dataset.labels
    shown = explorable.latent_map(subject.vae, subject.x, labels, subject.pictures)
    return SectionContent("Latents", ax=ax, plot_name="latent", explorable=shown)


def _latent_usage(subject: Subject) -> SectionContent:
    usage = evaluation.latent_usage(subject.vae, subject.x, seed=subject.seed)
    return SectionContent(
        subject.titled("Use of the latents"),
        str(usage),
        plotting.kl_per_dimension(usage),
        "kl_per_dimension",
        verdict=usage.verdict,
    )


def _codes(subject: Subject) -> SectionContent:
    usage = evaluation.code_usage(subject.vae, subject.x, seed=subject.seed)
    return SectionContent(subject.titled("Codes in use"), str(usage))


def _traversals(subject: Subject) -> SectionContent:
    ax = plotting.traversals(subject.vae, subject.x)
    return SectionContent("Traversals", ax=ax, plot_name="traversals")


def _moved_latents(subject: Subject) -> SectionContent:
    means = np.asarray(subject.vae.encode(subject.x, verbose=0), np.float64)
    if len(means) < 2:
        raise ValueError("it takes two rows to tell which latents are used; there is one.")
    variance = means.var(axis=0)
    order = [int(latent) for latent in np.argsort(-variance, kind="stable")]
    active = [at for at in order if variance[at] > divergences.ACTIVE_UNIT_VARIANCE]
    if not active:
        raise ValueError("no latent is active: the posterior means are the same for all rows.")
    shown = explorable.moved_latents(subject.vae, means, active, subject.pictures)
    return SectionContent("What the most used latents do", explorable=shown)


def _worst_rows(subject: Subject) -> SectionContent:
    table = worst_rows(subject.vae, subject.x, subject.numbers, subject.pictures, subject.seed)
    title = subject.titled("Rows by how poorly they are described")
    return SectionContent(title, table=table)


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
        verdict=calibration.verdict,
    )


def _generation(subject: Subject) -> SectionContent:
    complete = _complete(subject)
    if len(complete) < _FEWEST_COMPARED:
        raise ValueError(
            f"it takes {_FEWEST_COMPARED} rows without blanks, and there are {len(complete)}."
        )
    found = evaluation.generation(subject.vae, complete, seed=subject.seed)
    verdict, remark = found.verdict, ""
    if len(complete) < len(subject.x):
        verdict += f" Compared are the {len(complete)} rows without blanks."
        remark = (
            f"Draws have no blanks, so only the {len(complete)} of {len(subject.x)} rows without "
            "any are compared. If blanks are more frequent for some values, these rows are unlike "
            "the others, and the draws of a good model are unlike them, too."
        )
    title = f"Draws beside the rows, {len(complete)} of {subject.row_count} rows"
    return SectionContent(title, str(found), verdict=verdict, remark=remark)


def _complete(subject: Subject) -> np.ndarray:
    """Returns the rows without missing values, `[M, *event_shape]`."""
    if subject.vae.missing is None:
        return subject.x
    observed = np.asarray(subject.vae.missing.observed_in(subject.x))
    return subject.x[observed.reshape(len(observed), -1).all(axis=1)]


def _log_marginal_likelihood(subject: Subject) -> SectionContent:
    with warnings.catch_warnings():
        # The remark says it without the names of arguments.
        warnings.simplefilter("ignore", UserWarning)
        found = evaluation.log_marginal_likelihood(
            subject.vae, subject.x, _IMPORTANCE_SAMPLES, seed=subject.seed
        )
    # Not "size < least", which is false for NaN.
    few = int((~(found.effective_sample_size >= _FEWEST_EFFECTIVE)).sum())
    remark = ""
    if few:
        remark = (
            f"For {few} of {len(subject.x)} rows, fewer than {_FEWEST_EFFECTIVE} of the "
            f"{_IMPORTANCE_SAMPLES} samples count: their log p(x) is likely too low and its "
            "standard error too small. More samples than this report draws would bring it closer."
        )
    title = subject.titled(f"log p(x) by {_IMPORTANCE_SAMPLES} importance samples")
    return SectionContent(title, str(found), remark=remark)


_CONTENTS: dict[str, Callable[[Subject], SectionContent]] = {
    "training": _training,
    "reconstructions": _reconstructions,
    "draws": _samples,
    "latents": _latent_space,
    "moved latents": _moved_latents,
    "use of the latents": _latent_usage,
    "codes in use": _codes,
    "rows": _worst_rows,
    "traversals": _traversals,
    "interpolation": _interpolation,
    "calibration": _calibration,
    "draws beside rows": _generation,
    "log p(x)": _log_marginal_likelihood,
}

_OF_IMAGES = (_reconstructions, _samples, _traversals, _interpolation)
"""Sections that show rows as images or curves, which those of a table are not."""
