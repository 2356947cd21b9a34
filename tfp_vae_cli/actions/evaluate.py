"""Evaluates a model on data, for `tfp-vae evaluate`."""

import csv
import json
import math
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import matplotlib as mpl
import tensorflow as tf

from tfp_vae import VAE, __version__, atomic_files, evaluation
from tfp_vae_cli.actions.figures import save_figure
from tfp_vae_cli.actions.inputs import Dataset, read_data, read_model
from tfp_vae_cli.actions.progress import StepProgress, status
from tfp_vae_cli.actions.report.model_card import model_card
from tfp_vae_cli.actions.report.page import Section, page
from tfp_vae_cli.actions.report.sections import SectionContent, sections
from tfp_vae_cli.actions.run_folder import CONFIG, HISTORY, History
from tfp_vae_cli.actions.tables import counted_rows, print_json, print_summary
from tfp_vae_cli.console import BAD_DATA, BAD_USAGE, fail, out
from tfp_vae_cli.output_format import OutputFormat
from tfp_vae_cli.paths import model_file

REPORT = "report.html"
CARD = "model_card.md"


def evaluate(
    model: str,
    data: str,
    output: Path | None,
    report: bool,
    sample_size: int,
    seed: int,
    output_format: OutputFormat,
) -> None:
    """Prints the ELBO of data under a saved model, and writes a report.

    Args:
      model: The file of the model, or the folder of a run.
      data: "digits", or the path of a file.
      output: The folder of the report, or None for `evaluation` beside the model.
      report: Whether to write the report.
      sample_size: Posterior samples per row.
      seed: The seed of the draws.
      output_format: How to print the ELBO.

    Raises:
      CommandError: If the model or the data cannot be read or do not belong together, or the report
        cannot be written.
    """
    mpl.use("Agg")
    vae = read_model(model)
    dataset = read_data(data, schema=vae.schema, shape=vae.event_shape)
    try:
        with status(f"Scoring {counted_rows(len(dataset.x))}"):
            summary = evaluation.elbo(vae, dataset.x, sample_size=sample_size, seed=seed)
    except (TypeError, ValueError) as error:
        fail(f"{dataset.name}: {error}", BAD_DATA)
    model_folder = model_file(model).parent
    folder = output or model_folder / "evaluation"
    if output_format is OutputFormat.json:
        print_json(summary, len(dataset.x))
        if report:
            _write_report(vae, dataset, summary, model, folder, seed)
        return
    facts = dict(_training_facts(model_folder, dataset))
    print_summary(summary, f"{dataset.name}, {counted_rows(len(dataset.x))}")
    if "compared" in facts:
        out.print(f"In training: {facts['compared']}", soft_wrap=True)
    if report:
        _write_report(vae, dataset, summary, model, folder, seed)
        out.print(
            f"Written to {folder / REPORT}, with its plots and {CARD} beside it.", soft_wrap=True
        )


def _write_report(
    vae: VAE,
    dataset: Dataset,
    summary: evaluation.ELBOSummary,
    model: str,
    folder: Path,
    seed: int,
) -> None:
    file = model_file(model)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        fail(f"The output folder {str(folder)!r} cannot be written: {error}.", BAD_USAGE)
    contents = sections(vae, dataset, _history(file.parent), seed)
    written = [Section("Evidence lower bound, all rows", _elbo_text(summary))]
    with StepProgress(list(contents)) as progress:
        for name, compute in contents.items():
            progress.begin(name)
            written.append(_section(name, compute, folder))
    trained = _training_facts(file.parent, dataset)
    verdicts = [value for name, value in trained if name in ("trained", "compared", "overlap")]
    written[0] = replace(written[0], verdict=" ".join(verdicts))
    facts = [*_model_facts(vae, dataset, seed), *trained]
    title = f"{dataset.name} under a VAE"
    card = model_card(
        title,
        file.name,
        facts,
        _measured(summary),
        [section.verdict for section in written if section.verdict],
    )
    for name, text in ((REPORT, page(title, facts, written)), (CARD, card)):
        try:
            atomic_files.write(folder / name, text.encode())
        except OSError as error:
            fail(f"{str(folder / name)!r} cannot be written: {error}.", BAD_USAGE)


def _section(name: str, compute: Callable[[], SectionContent], folder: Path) -> Section:
    """Computes a section and saves its plot; if the model cannot show it, the section says why."""
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", UserWarning)
            content = compute()
            plot = None
            if content.ax is not None:
                plot = folder / f"{content.plot_name}.png"
                save_figure(content.ax, plot)
    except (ValueError, NotImplementedError) as error:
        return Section(name.capitalize(), remark=f"Left out: {_for_readers(str(error))}")
    remarks = [
        _for_readers(str(each.message)) for each in caught if issubclass(each.category, UserWarning)
    ]
    return Section(
        content.title,
        content.text,
        " ".join(dict.fromkeys([*filter(None, [content.remark]), *remarks])),
        plot,
        content.explorable,
        content.table,
        content.verdict,
    )


def _for_readers(message: str) -> str:
    """Returns a message of a function in Python for readers who see no arguments."""
    return message.replace("`x`", "the data").replace("`vae`", "the model")


def _measured(summary: evaluation.ELBOSummary) -> list[tuple[str, str]]:
    error = "" if math.isnan(summary.standard_error) else f" ± {summary.standard_error:.3f}"
    return [
        ("ELBO, nats per example", f"{summary.elbo:.3f}{error}"),
        ("  log-likelihood", f"{summary.log_likelihood:.3f}"),
        ("  KL divergence", f"{summary.kl_divergence:.3f}"),
        ("bits per dimension", f"{summary.bits_per_dimension:.4f}"),
    ]


def _elbo_text(summary: evaluation.ELBOSummary) -> str:
    return "\n".join(f"{name:<24}{value:>20}" for name, value in _measured(summary))


def _model_facts(vae: VAE, dataset: Dataset, seed: int) -> list[tuple[str, str]]:
    return [
        (
            "data measured",
            f"{dataset.name}, {counted_rows(len(dataset.x))} of {list(vae.event_shape)}",
        ),
        ("likelihood", type(vae.decoder.likelihood).__name__),
        ("prior", type(vae.prior_layer).__name__),
        ("latents", str(vae.latent_size)),
        ("weights", f"{vae.count_params():,}"),
        ("seed of the draws", str(seed)),
        (
            "versions",
            f"tfp_vae {__version__}, TensorFlow {tf.__version__}, Keras {keras.__version__}",
        ),
    ]


def _training_facts(model_folder: Path, measured: Dataset) -> list[tuple[str, str]]:
    """Reads the settings of the training, if `tfp-vae train` wrote them there."""
    file = model_folder / CONFIG
    if not file.is_file():
        return []
    try:
        settings = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return []
    if not isinstance(settings, dict):
        return []
    settings["overlap"] = _overlap(settings, measured)
    return [
        (name.replace("_", " "), str(settings[name]))
        for name in (
            *("source", "trained", "compared", "overlap"),
            *("batch_size", "learning_rate", "reason"),
        )
        if settings.get(name) is not None
    ]


def _overlap(settings: dict[str, Any], measured: Dataset) -> str | None:
    """Returns a sentence if the rows seem to be those of the file that the model was trained on."""
    source, parts = settings.get("source"), settings.get("rows")
    if not isinstance(source, str) or not isinstance(parts, dict):
        return None
    counts = [count for count in parts.values() if isinstance(count, int)]
    if Path(source).name.partition(".")[0] != measured.name or sum(counts) != len(measured.x):
        return None
    return (
        f"Of the {len(measured.x)} rows measured here, it was trained on {parts.get('train')}: new "
        "rows may be described less well."
    )


def _history(model_folder: Path) -> History | None:
    """Reads the metrics of every epoch of training, if `tfp-vae train` wrote them there."""
    file = model_folder / HISTORY
    if not file.is_file():
        return None
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            rows = list(csv.DictReader(lines))
        history = {name: [float(row[name]) for row in rows] for name in rows[0] if name != "epoch"}
    except (OSError, ValueError, TypeError, IndexError, KeyError, csv.Error):
        return None
    return history if "elbo" in history else None
