"""`tfp-vae evaluate`."""

import csv
import json
import warnings
from pathlib import Path
from typing import Annotated, Any

import keras
import matplotlib as mpl
import tensorflow as tf
import typer

from tfp_vae import VAE, __version__, atomic_files, evaluation
from tfp_vae.cli.console import BAD_DATA, BAD_USAGE, fail, out
from tfp_vae.cli.formats import Format
from tfp_vae.cli.html_report import Section, page
from tfp_vae.cli.inputs import Source, read_data, read_model
from tfp_vae.cli.pictures import save_axes
from tfp_vae.cli.progress import StepProgress, Waiting
from tfp_vae.cli.report_sections import Look, looks
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
            help="The folder of the report and its pictures; by default 'evaluation' beside the "
            "model.",
        ),
    ] = None,
    report: Annotated[
        bool,
        typer.Option("--report/--no-report", help="Whether to write report.html and pictures."),
    ] = True,
    sample_size: Annotated[
        int, typer.Option("--sample-size", min=1, help="Draws from the posterior for every row.")
    ] = 1,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The seed of the draws.")] = 0,
    output_format: Annotated[
        Format, typer.Option("--format", help="A table to read, or JSON for a script.")
    ] = Format.table,
) -> None:
    """Score data under a model, and write a report with pictures that opens in a browser."""
    mpl.use("Agg")
    vae = read_model(model)
    source = read_data(data)
    try:
        with Waiting(f"Scoring {len(source.x):,} rows"):
            summary = evaluation.elbo(vae, source.x, sample_size=sample_size, seed=seed)
    except (TypeError, ValueError) as error:
        fail(f"{source.name}: {error}", BAD_DATA)
    home = Path(model) if Path(model).is_dir() else Path(model).parent
    folder = output or home / "evaluation"
    if report:
        _write_report(vae, source, summary, home, folder, seed)
    if output_format is Format.json:
        print_json(summary, len(source.x))
        return
    print_summary(summary, f"{source.name}, {len(source.x)} rows")
    if report:
        out.print(f"Written to {folder / REPORT}, with its pictures beside it.", soft_wrap=True)


def _write_report(
    vae: VAE,
    data: Source,
    summary: evaluation.ELBOSummary,
    home: Path,
    folder: Path,
    seed: int,
) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        fail(f"The output folder {str(folder)!r} cannot be written: {error}.", BAD_USAGE)
    every = list(looks(vae, data, _history(home), seed))
    sections = [Section("Evidence lower bound, all rows", _bound(summary))]
    with StepProgress([name for name, _ in every]) as progress:
        for name, compute in every:
            progress.begin(name)
            sections.append(_section(name, compute, folder))
    text = page(f"{data.name} under a VAE", _facts(vae, data, home, seed), sections)
    try:
        atomic_files.write(folder / REPORT, text.encode())
    except OSError as error:
        fail(f"{str(folder / REPORT)!r} cannot be written: {error}.", BAD_USAGE)


def _section(name: str, compute: Any, folder: Path) -> Section:
    """Computes and draws one thing; what a model cannot show is said, not left out in silence."""
    try:
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always", UserWarning)
            look: Look = compute()
            picture = None
            if look.draw is not None:
                picture = folder / f"{look.file}.png"
                save_axes(look.draw(), picture)
    except (ValueError, NotImplementedError) as error:
        return Section(name.capitalize(), note=f"Left out: {error}")
    notes = [str(each.message) for each in told if issubclass(each.category, UserWarning)]
    return Section(look.title, look.text, " ".join(dict.fromkeys(notes)), picture)


def _bound(summary: evaluation.ELBOSummary) -> str:
    lines = [
        ("ELBO, nats per example", f"{summary.elbo:.3f} ± {summary.standard_error:.3f}"),
        ("  log-likelihood", f"{summary.log_likelihood:.3f}"),
        ("  KL divergence", f"{summary.kl_divergence:.3f}"),
        ("bits per dimension", f"{summary.bits_per_dimension:.4f}"),
    ]
    return "\n".join(f"{name:<24}{value:>20}" for name, value in lines)


def _facts(vae: VAE, data: Source, home: Path, seed: int) -> list[tuple[str, str]]:
    facts = [
        ("data", f"{data.name}, {len(data.x)} rows of {list(vae.event_shape)}"),
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
    config = home / CONFIG
    if config.is_file():
        try:
            settings = json.loads(config.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return facts
        if isinstance(settings, dict):
            told = ("epochs", "batch_size", "learning_rate", "rescale", "reason")
            facts += [
                (name.replace("_", " "), str(settings[name])) for name in told if name in settings
            ]
    return facts


def _history(home: Path) -> dict[str, list[float]] | None:
    """Reads the log of the training, if `tfp-vae train` wrote one there."""
    file = home / HISTORY
    if not file.is_file():
        return None
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            rows = list(csv.DictReader(lines))
        columns = {name: [float(row[name]) for row in rows] for name in rows[0] if name != "epoch"}
    except (OSError, ValueError, TypeError, IndexError, KeyError, csv.Error):
        return None
    return columns if "elbo" in columns else None
