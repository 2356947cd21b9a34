"""Trains a model on data, for `tfp-vae train`."""

from pathlib import Path
from typing import Any

import keras
import matplotlib as mpl
import numpy as np
from rich.console import Console

from tfp_vae import VAE, __version__, callbacks, datasets, evaluation
from tfp_vae.training import WorkerLostError
from tfp_vae_cli.actions import workers as local_workers
from tfp_vae_cli.actions.inputs import read_data
from tfp_vae_cli.actions.progress import EpochProgress, status
from tfp_vae_cli.actions.report_sections import History
from tfp_vae_cli.actions.rescaling import rescaling_layer
from tfp_vae_cli.actions.resume import ConfigFile, folder_to_resume
from tfp_vae_cli.actions.run_folder import CHECKPOINT, HistoryFile, ModelFile, RunFolder
from tfp_vae_cli.actions.run_plots import save_plots
from tfp_vae_cli.actions.tables import print_json, print_summary
from tfp_vae_cli.console import BAD_DATA, INTERRUPTED, TERMINATED, err, fail, out
from tfp_vae_cli.output_format import OutputFormat
from tfp_vae_cli.train_options import AUTO, TrainOptions


def train(options: TrainOptions) -> None:
    """Trains a model, in one process or several, and writes the folder of the run.

    Raises:
      CommandError: If the data, the settings or the folder do not allow it.
    """
    mpl.use("Agg")
    console = err if options.output_format is OutputFormat.json else out
    if options.workers > 1 and not local_workers.is_worker():
        path = options.path(read_data(options.source, console).name)
        local_workers.train(options.arguments(), path, options.workers, console)
    else:
        _train(options, console)


def _train(options: TrainOptions, console: Console) -> None:
    scope = local_workers.strategy_scope()
    dataset = read_data(options.source, console)
    local_workers.report_ready()
    keras.utils.set_random_seed(options.seed)
    try:
        with scope, status("Choosing the model", console):
            vae = _compiled_model(dataset.x, options)
        split = datasets.split(len(dataset.x), seed=options.seed)
    except (TypeError, ValueError) as error:
        fail(f"{dataset.name}: {error}", BAD_DATA)
    settings = _settings(options, vae, split)
    path = options.path(dataset.name)
    own = local_workers.own_folder(path)
    if options.resume:
        folder = folder_to_resume(own, settings, console)
    else:
        folder = RunFolder.new(own, options.overwrite)
    rows = ", ".join(f"{count} {name}" for name, count in settings["rows"].items())
    console.print(
        f"{dataset.name}: {rows} rows of {list(vae.event_shape)}; {vae.count_params():,} weights"
    )
    try:
        history = _fit(vae, dataset.x, split, settings, folder, path / CHECKPOINT, console)
        folder.save_model(vae)
        with status(f"Scoring {len(split.test):,} rows", console):
            summary = evaluation.elbo(vae, dataset.x[split.test], seed=options.seed)
        save_plots(vae, dataset, split.test, history, folder, console)
    except SystemExit:
        fail("terminated; the same command with --resume continues the run.", TERMINATED)
    if options.output_format is OutputFormat.json:
        print_json(summary, len(split.test))
    else:
        print_summary(summary, f"Test set, {len(split.test)} rows")
    console.print(f"{settings['likelihood']}: {settings['reason']}", soft_wrap=True)
    files = ", ".join(sorted(file.name for file in folder.path.iterdir()))
    console.print(f"Written to {folder.path}: {files}")


def _compiled_model(x: np.ndarray, options: TrainOptions) -> VAE:
    vae = VAE.for_data(
        x,
        latent_size=options.latent_size,
        likelihood=None if options.likelihood.value == AUTO else options.likelihood.value,
        preprocess=rescaling_layer(options.rescale, x),
    )
    vae.compile(keras.optimizers.Adam(options.learning_rate))
    return vae


def _settings(options: TrainOptions, vae: VAE, split: datasets.Split) -> dict[str, Any]:
    """Returns the content of `config.json`."""
    assert vae.suggestion is not None
    return {
        "tfp_vae": __version__,
        "source": options.source,
        "rows": {name: len(part) for name, part in split._asdict().items()},
        "event_shape": list(vae.event_shape),
        "latent_size": options.latent_size,
        "likelihood": type(vae.decoder.likelihood).__name__,
        "reason": vae.suggestion.reason,
        "rescale": options.rescale.value,
        "epochs": options.epochs,
        "batch_size": options.batch_size,
        "learning_rate": options.learning_rate,
        "seed": options.seed,
    }


def _fit(
    vae: VAE,
    x: np.ndarray,
    split: datasets.Split,
    settings: dict[str, Any],
    folder: RunFolder,
    checkpoint_file: Path,
    console: Console,
) -> History:
    """Trains and returns the history; an interrupt saves the model and ends the program."""
    epochs = settings["epochs"]
    progress = EpochProgress(epochs, console)
    checkpoint = callbacks.Checkpoint(checkpoint_file, data=(x[split.train], x[split.valid]))
    history = keras.callbacks.History()
    try:
        vae.fit(
            x[split.train],
            epochs=epochs,
            batch_size=settings["batch_size"],
            validation_data=x[split.valid],
            verbose=0,
            callbacks=[
                history,
                checkpoint,
                ConfigFile(folder, settings, console),
                progress,
                HistoryFile(folder),
                ModelFile(folder, epochs),
                callbacks.SaveOnTermination(checkpoint),
            ],
        )
    except (ValueError, FloatingPointError, WorkerLostError) as error:
        fail(error, BAD_DATA)
    except KeyboardInterrupt:
        progress.stop()
        folder.save_model(vae)
        done = len(history.epoch)
        fail(
            f"interrupted after {done} of {epochs} epochs; the model is saved in "
            f"{str(folder.path)!r}, and --resume continues the run.",
            INTERRUPTED,
        )
    finally:
        progress.stop()
    metrics: History = history.history
    return metrics
