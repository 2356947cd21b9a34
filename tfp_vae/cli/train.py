"""`tfp-vae train`."""

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import keras
import matplotlib as mpl
import numpy as np
import typer
from rich.console import Console

from tfp_vae import VAE, __version__, callbacks, checks, datasets, evaluation, likelihoods, plotting
from tfp_vae.cli import workers as local_workers
from tfp_vae.cli.console import BAD_DATA, BAD_USAGE, INTERRUPTED, TERMINATED, err, fail, out
from tfp_vae.cli.formats import Format
from tfp_vae.cli.inputs import Source, read_data
from tfp_vae.cli.progress import EpochProgress, StepProgress, Waiting
from tfp_vae.cli.resume import Beginning, folder_to_resume
from tfp_vae.cli.run_folder import CHECKPOINT, HistoryFile, RunFolder, SaveNowAndThen
from tfp_vae.cli.tables import print_json, print_summary
from tfp_vae.plotting.axes import Axes
from tfp_vae.training import WorkerLostError

_SHOWN_ROWS = 12
_SHOWN_SAMPLES = 32
_SHOWN_LATENTS = 2000
_AUTO = "auto"

LikelihoodName = StrEnum(  # type: ignore[misc]
    "LikelihoodName", [_AUTO, *likelihoods.registry.NAMES]
)
"""The likelihoods that can be asked for."""


class Rescaling(StrEnum):
    """What can be done to the data first; it becomes part of the model."""

    none = "none"
    unit = "unit"
    standardise = "standardise"


def train(
    context: typer.Context,
    source: Annotated[
        str,
        typer.Argument(
            help="'digits' (scikit-learn's handwritten digits, no download), or a .npy, .npz or "
            ".csv file of rows."
        ),
    ] = "digits",
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The folder to write; runs/NAME if not given."),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace an earlier run in the output folder.")
    ] = False,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Go on with the run in the output folder, if there is one; give the settings "
            "that it had. More --epochs prolong it.",
        ),
    ] = False,
    latent_size: Annotated[
        int, typer.Option("--latent-size", min=1, help="The number of latent variables.")
    ] = 16,
    likelihood: Annotated[
        LikelihoodName, typer.Option("--likelihood", help="p(x|z); auto chooses from the data.")
    ] = LikelihoodName[_AUTO],
    rescale: Annotated[
        Rescaling,
        typer.Option(
            "--rescale",
            help="What to do to the data first: unit brings it to [0, 1] by its range, "
            "standardise gives every column mean 0 and standard deviation 1.",
        ),
    ] = Rescaling.none,
    epochs: Annotated[
        int, typer.Option("--epochs", min=1, help="Passes over the training rows.")
    ] = 200,
    batch_size: Annotated[
        int, typer.Option("--batch-size", min=1, help="Rows for every step.")
    ] = 100,
    learning_rate: Annotated[
        float, typer.Option("--learning-rate", help="The step size of Adam.")
    ] = 1e-3,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The seed of everything.")] = 0,
    workers: Annotated[
        int,
        typer.Option(
            "--workers",
            min=1,
            help="How many processes on this machine share every batch; they reach the weights "
            "that one does.",
        ),
    ] = 1,
    output_format: Annotated[
        Format,
        typer.Option(
            "--format",
            help="How to print the test set's figures: a table to read, or JSON for a script, "
            "with all else on standard error.",
        ),
    ] = Format.table,
) -> None:
    """Train a VAE on data, and write the model, its history and pictures.

    A fifth of the rows is held out for the test, a tenth for validation while training.
    """
    mpl.use("Agg")
    told = err if output_format is Format.json else out
    if not 0.0 < learning_rate < np.inf:
        raise typer.BadParameter(f"--learning-rate must be above 0; got {learning_rate:g}.")
    if resume and overwrite:
        fail("--resume goes on with a run and --overwrite replaces it: give one.", BAD_USAGE)
    if workers > 1 and not local_workers.is_one_of_several():
        folder_name = output or Path("runs") / read_data(source, told).name
        local_workers.train(_options(context.params), folder_name, workers, told)
        return
    scope = local_workers.scope()
    data = read_data(source, told)
    local_workers.say_that_all_are_here()
    keras.utils.set_random_seed(seed)
    try:
        with scope, Waiting("Choosing the model", told):
            vae = VAE.for_data(
                data.x,
                latent_size=latent_size,
                likelihood=None if likelihood.value == _AUTO else likelihood.value,
                preprocess=_preprocess(rescale, data.x),
            )
            vae.compile(keras.optimizers.Adam(learning_rate))
        parts = datasets.split(len(data.x), seed=seed)
    except (TypeError, ValueError) as error:
        fail(f"{data.name}: {error}", BAD_DATA)
    assert vae.suggestion is not None
    settings = {
        "tfp_vae": __version__,
        "source": source,
        "rows": {name: len(part) for name, part in parts._asdict().items()},
        "event_shape": list(vae.event_shape),
        "latent_size": latent_size,
        "likelihood": type(vae.decoder.likelihood).__name__,
        "reason": vae.suggestion.reason,
        "rescale": rescale.value,
        "epochs": epochs,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "seed": seed,
    }
    path = output or Path("runs") / data.name
    own = local_workers.own_folder(path)
    folder = folder_to_resume(own, settings, told) if resume else RunFolder.new(own, overwrite)
    rows = ", ".join(f"{len(part)} {name}" for name, part in parts._asdict().items())
    told.print(
        f"{data.name}: {rows} rows of {list(vae.event_shape)}; {vae.count_params():,} weights"
    )
    try:
        history = _fitted(vae, data.x, parts, settings, folder, path / CHECKPOINT, told)
        folder.save_model(vae)
        with Waiting(f"Scoring {len(parts.test):,} rows", told):
            summary = evaluation.elbo(vae, data.x[parts.test], seed=seed)
        _save_pictures(vae, data, parts.test, history, folder, told)
    except SystemExit:
        fail("terminated; the same command with --resume goes on from here.", TERMINATED)
    if output_format is Format.json:
        print_json(summary, len(parts.test))
    else:
        print_summary(summary, f"Test set, {len(parts.test)} rows")
    told.print(f"{type(vae.decoder.likelihood).__name__}: {vae.suggestion.reason}", soft_wrap=True)
    told.print(
        f"Written to {folder.path}: {', '.join(sorted(p.name for p in folder.path.iterdir()))}"
    )


def _options(parameters: dict[str, Any]) -> list[str]:
    """Returns the arguments that give a worker the same settings, but for the output folder."""
    options = [parameters["source"]]
    for name, value in parameters.items():
        if name in ("overwrite", "resume"):
            options += [f"--{name}"] if value else []
        elif name == "output_format":
            options += ["--format", str(value)]
        elif name not in ("source", "output"):
            options += [f"--{name.replace('_', '-')}", str(value)]
    return options


def _preprocess(rescale: Rescaling, x: np.ndarray) -> keras.layers.Layer | None:
    """Returns the layer that rescales, or None; it becomes part of the model."""
    if rescale is Rescaling.none:
        return None
    values = checks.array(x).astype(np.float64)
    checks.finite(values, "x")
    if rescale is Rescaling.unit:
        lowest, highest = values.min(), values.max()
        spread = (highest - lowest) or 1.0
        return keras.layers.Rescaling(1.0 / spread, offset=-lowest / spread)
    variance = values.var(axis=0)
    return keras.layers.Normalization(
        axis=tuple(range(1, values.ndim)),
        mean=values.mean(axis=0),
        variance=np.where(variance > 0, variance, 1.0),
    )


def _fitted(
    vae: VAE,
    x: np.ndarray,
    parts: datasets.Split,
    settings: dict[str, Any],
    folder: RunFolder,
    checkpoint: Path,
    told: Console,
) -> dict[str, Any]:
    """Trains, and returns the history; an interrupt saves what there is and ends the program."""
    epochs = settings["epochs"]
    progress = EpochProgress(epochs, told)
    saved = callbacks.Checkpoint(checkpoint, data=(x[parts.train], x[parts.valid]))
    history = keras.callbacks.History()
    try:
        vae.fit(
            x[parts.train],
            epochs=epochs,
            batch_size=settings["batch_size"],
            validation_data=x[parts.valid],
            verbose=0,
            callbacks=[
                history,
                saved,
                Beginning(folder, settings, told),
                progress,
                HistoryFile(folder),
                SaveNowAndThen(folder, epochs),
                callbacks.SaveOnTermination(saved),
            ],
        )
    except (ValueError, FloatingPointError, WorkerLostError) as error:
        fail(error, BAD_DATA)
    except KeyboardInterrupt:
        progress.stop()
        folder.save_model(vae)
        done = len(history.epoch)
        fail(
            f"interrupted after {done} of {epochs} epochs; the model so far is in "
            f"{str(folder.path)!r}, and --resume goes on.",
            INTERRUPTED,
        )
    finally:
        progress.stop()
    return history.history


def _save_pictures(
    vae: VAE,
    data: Source,
    test: np.ndarray,
    history: dict[str, Any],
    folder: RunFolder,
    told: Console,
) -> None:
    shown = test[:_SHOWN_LATENTS]
    x = data.x[shown]
    labels = None if data.labels is None else data.labels[shown]
    pictures: dict[str, Callable[[], Axes]] = {
        "training.png": lambda: plotting.training(history).axes[0],
        "reconstructions.png": lambda: plotting.reconstructions(vae, x[:_SHOWN_ROWS]),
        "samples.png": lambda: plotting.samples(vae, _SHOWN_SAMPLES, seed=0),
        "latent.png": lambda: plotting.latent(vae, x, labels),
        "traversals.png": lambda: plotting.traversals(vae, x),
    }
    if len(shown) > 1:
        pairs = x[: min(_SHOWN_ROWS, len(shown) // 2 * 2)]
        pictures["interpolation.png"] = lambda: plotting.interpolation(vae, pairs)
        pictures["kl_per_dimension.png"] = lambda: plotting.kl_per_dimension(
            evaluation.latent_usage(vae, x)
        )
    with StepProgress(list(pictures), told) as progress:
        for name, draw in pictures.items():
            progress.begin(name)
            folder.save_picture(name, draw())
