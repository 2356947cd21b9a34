"""`tfp-vae evaluate`."""

import csv
import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import keras
import matplotlib as mpl
import tensorflow as tf
import typer

from tfp_vae import VAE, __version__, atomic_files, evaluation
from tfp_vae.cli.console import BAD_DATA, BAD_USAGE, fail, out
from tfp_vae.cli.figures import save_figure
from tfp_vae.cli.html_report import Section, page
from tfp_vae.cli.inputs import Dataset, read_data, read_model
from tfp_vae.cli.output_format import OutputFormat
from tfp_vae.cli.progress import StepProgress, status
from tfp_vae.cli.report_sections import History, SectionContent, sections
from tfp_vae.cli.run_folder import CONFIG, HISTORY
from tfp_vae.cli.tables import print_json, print_summary

REPORT = "report.html"


def evaluate(
    model: Annotated[str, typer.Argument(help="A .keras file, or the folder of a run.")],
    data: Annotated[str, typer.Argument(help="'digits', or a .npy, .npz or .csv file of rows.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="The folder of the report and its plots; 'evaluation' beside the model if not "
            "given.",
        ),
    ] = None,
    report: Annotated[
        bool,
        typer.Option("--report/--no-report", help="Whether to write report.html and plots."),
    ] = True,
    sample_size: Annotated[
        int, typer.Option("--sample-size", min=1, help="Posterior samples per row.")
    ] = 1,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The seed of the draws.")] = 0,
    output_format: Annotated[
        OutputFormat, typer.Option("--format", help="A table to read, or JSON for a script.")
    ] = OutputFormat.table,
) -> None:
    """Evaluate the ELBO of data, and write a report with plots that opens in a browser."""
    mpl.use("Agg")
    vae = read_model(model)
    dataset = read_data(data)
    try:
        with status(f"Scoring {len(dataset.x):,} rows"):
            summary = evaluation.elbo(vae, dataset.x, sample_size=sample_size, seed=seed)
    except (TypeError, ValueError) as error:
        fail(f"{dataset.name}: {error}", BAD_DATA)
    model_folder = Path(model) if Path(model).is_dir() else Path(model).parent
    folder = output or model_folder / "evaluation"
    if report:
        _write_report(vae, dataset, summary, model_folder, folder, seed)
    if output_format is OutputFormat.json:
        print_json(summary, len(dataset.x))
        return
    print_summary(summary, f"{dataset.name}, {len(dataset.x)} rows")
    if report:
        out.print(f"Written to {folder / REPORT}, with its plots beside it.", soft_wrap=True)


def _write_report(
    vae: VAE,
    dataset: Dataset,
    summary: evaluation.ELBOSummary,
    model_folder: Path,
    folder: Path,
    seed: int,
) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        fail(f"The output folder {str(folder)!r} cannot be written: {error}.", BAD_USAGE)
    contents = sections(vae, dataset, _history(model_folder), seed)
    written = [Section("Evidence lower bound, all rows", _elbo_text(summary))]
    with StepProgress(list(contents)) as progress:
        for name, compute in contents.items():
            progress.begin(name)
            written.append(_section(name, compute, folder))
    facts = [*_model_facts(vae, dataset, seed), *_training_facts(model_folder)]
    text = page(f"{dataset.name} under a VAE", facts, written)
    try:
        atomic_files.write(folder / REPORT, text.encode())
    except OSError as error:
        fail(f"{str(folder / REPORT)!r} cannot be written: {error}.", BAD_USAGE)


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
        return Section(name.capitalize(), remark=f"Left out: {error}")
    remarks = [str(each.message) for each in caught if issubclass(each.category, UserWarning)]
    return Section(content.title, content.text, " ".join(dict.fromkeys(remarks)), plot)


def _elbo_text(summary: evaluation.ELBOSummary) -> str:
    lines = [
        ("ELBO, nats per example", f"{summary.elbo:.3f} ± {summary.standard_error:.3f}"),
        ("  log-likelihood", f"{summary.log_likelihood:.3f}"),
        ("  KL divergence", f"{summary.kl_divergence:.3f}"),
        ("bits per dimension", f"{summary.bits_per_dimension:.4f}"),
    ]
    return "\n".join(f"{name:<24}{value:>20}" for name, value in lines)


def _model_facts(vae: VAE, dataset: Dataset, seed: int) -> list[tuple[str, str]]:
    return [
        ("data", f"{dataset.name}, {len(dataset.x)} rows of {list(vae.event_shape)}"),
        ("likelihood", type(vae.decoder.likelihood).__name__),
        ("prior", type(vae.prior_layer).__name__),
        ("latents", str(vae.latent_size)),
        ("weights", f"{vae.count_params():,}"),
        ("seed", str(seed)),
        (
            "versions",
            f"tfp_vae {__version__}, TensorFlow {tf.__version__}, Keras {keras.__version__}",
        ),
    ]


def _training_facts(model_folder: Path) -> list[tuple[str, str]]:
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
    return [
        (name.replace("_", " "), str(settings[name]))
        for name in ("trained", "batch_size", "learning_rate", "reason")
        if name in settings
    ]


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
