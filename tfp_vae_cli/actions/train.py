"""Trains a model on data, for `tfp-vae train`."""

import warnings
from pathlib import Path
from typing import Any

import keras
import matplotlib as mpl
import numpy as np
from rich.console import Console

from tfp_vae import VAE, __version__, callbacks, datasets, evaluation, tables
from tfp_vae.training import WorkerLostError
from tfp_vae_cli.actions import workers as local_workers
from tfp_vae_cli.actions.inputs import read_data
from tfp_vae_cli.actions.model_of_options import compiled_model
from tfp_vae_cli.actions.progress import EpochProgress, status
from tfp_vae_cli.actions.resume import ConfigFile, folder_to_resume
from tfp_vae_cli.actions.run_folder import CHECKPOINT, History, HistoryFile, ModelFile, RunFolder
from tfp_vae_cli.actions.run_plots import save_plots
from tfp_vae_cli.actions.tables import comparison, counted_rows, print_json, print_summary
from tfp_vae_cli.console import BAD_DATA, INTERRUPTED, TERMINATED, err, fail, out
from tfp_vae_cli.output_format import OutputFormat
from tfp_vae_cli.train_options import TrainOptions

_MOST_EPOCHS = 10**6
"""Training converges before."""

_SCORED_ROWS = 2000
_STEPS_BETWEEN_CHECKPOINTS = 100


def train(options: TrainOptions) -> None:
    """Trains a model, in one process or several, and writes the folder of the run.

    Raises:
      CommandError: If the data, the settings or the folder do not allow it.
    """
    mpl.use("Agg")
    console = err if options.output_format is OutputFormat.json else out
    if options.workers > 1 and not local_workers.is_worker():
        size = options.image_height_and_width
        path = options.path(read_data(options.source, console, image_size=size).name)
        local_workers.train(options.arguments(), path, options.workers, console)
    else:
        _train(options, console)


def _train(options: TrainOptions, console: Console) -> None:
    scope = local_workers.strategy_scope()
    dataset = read_data(
        options.source, console, kinds=options.kinds, image_size=options.image_height_and_width
    )
    local_workers.report_ready()
    keras.utils.set_random_seed(options.seed)
    try:
        with scope, status("Choosing the model", console):
            vae = compiled_model(dataset, options)
        split = datasets.split(len(dataset.x), seed=options.seed)
    except (TypeError, ValueError) as error:
        fail(f"{dataset.name}: {error}", BAD_DATA)
    if vae.schema is not None:
        console.print(str(vae.schema), soft_wrap=True, markup=False, highlight=False)
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
        history, trained = _fit(vae, dataset.x, split, settings, folder, path / CHECKPOINT, console)
        if vae.schema is not None:
            with status("Scoring the training rows", console):
                known_rows = dataset.x[split.train[:_SCORED_ROWS]]
                quantiles = tables.score_quantiles(vae, known_rows)
            vae.schema = tables.Schema(vae.schema.columns, quantiles)
        folder.save_model(vae)
        with status(f"Scoring {counted_rows(len(split.test))}", console):
            test = dataset.x[split.test]
            summary = evaluation.elbo(vae, test, seed=options.seed)
            known = evaluation.baselines(vae, dataset.x[split.train], test)
        compared = comparison(summary, known)
        folder.save_config(settings | {"trained": trained, "compared": compared})
        save_plots(vae, dataset, split.test, history, folder, console)
    except SystemExit:
        fail("terminated; the same command with --resume continues the run.", TERMINATED)
    if options.output_format is OutputFormat.json:
        print_json(
            summary, len(split.test), trained=trained, baselines=known._asdict(), compared=compared
        )
    else:
        title = f"Test set, {counted_rows(len(split.test))}"
        print_summary(summary, title, f"{trained}\n{compared}")
    if vae.schema is None:
        reason = f"{settings['likelihood']}: {settings['reason']}"
        console.print(reason, soft_wrap=True, markup=False)
    if vae.schema is None and vae.suggestion is not None and vae.suggestion.compared:
        console.print(str(vae.suggestion), soft_wrap=True, markup=False, highlight=False)
    files = ", ".join(sorted(file.name for file in folder.path.iterdir()))
    console.print(f"Written to {folder.path}: {files}")


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
        "reason": _reason(vae),
        "epochs": options.epochs,
        "batch_size": options.batch_size,
        "learning_rate": options.learning_rate,
        "seed": options.seed,
        "hidden": options.hidden,
        "objective": str(options.objective),
        "prior": str(options.prior),
        "conv": options.conv,
        "patience": options.patience,
    }


def _reason(vae: VAE) -> str:
    """Returns why the likelihood is what it is: of a table, the likelihood of every column."""
    assert vae.suggestion is not None
    if vae.schema is None:
        return vae.suggestion.reason
    chosen = "; ".join(f"{each.name}: {each.likelihood}" for each in vae.schema if each.modelled)
    return f"Each column has its own likelihood. {chosen}."


def _fit(
    vae: VAE,
    x: np.ndarray,
    split: datasets.Split,
    settings: dict[str, Any],
    folder: RunFolder,
    checkpoint_file: Path,
    console: Console,
) -> tuple[History, str]:
    """Trains until convergence, and returns the history and a sentence on how it ended.

    An interrupt saves the model and ends the program.
    """
    epochs = settings["epochs"]
    x_train = datasets.repeated(x[split.train], settings["batch_size"])
    if vae.schema is not None:
        vae.adapt(x[split.train])
        x_train = tables.with_random_blanks(x_train, settings["seed"])
    convergence = callbacks.Convergence(settings["patience"])
    progress = EpochProgress(epochs, console)
    steps = -(-len(x_train) // settings["batch_size"])
    checkpoint = callbacks.Checkpoint(
        checkpoint_file,
        data=(x[split.train], x[split.valid]),
        every=max(1, _STEPS_BETWEEN_CHECKPOINTS // steps),
    )
    history = keras.callbacks.History()
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", RuntimeWarning)
            vae.fit(
                x_train,
                epochs=_MOST_EPOCHS if epochs is None else epochs,
                batch_size=settings["batch_size"],
                validation_data=x[split.valid],
                verbose=0,
                callbacks=[
                    history,
                    convergence,
                    checkpoint,
                    ConfigFile(folder, settings, convergence, console),
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
        convergence.restore_best()
        folder.save_model(vae)
        fail(
            f"interrupted after {convergence.epochs} epochs; the best model so far is saved in "
            f"{str(folder.path)!r}, and --resume continues the run.",
            INTERRUPTED,
        )
    finally:
        progress.stop()
    for warning in caught:
        console.print(f"Warning: {warning.message}", soft_wrap=True, markup=False)
    metrics: History = history.history
    return metrics, _end_of(convergence, steps)


def _end_of(convergence: callbacks.Convergence, steps: int) -> str:
    """Returns a sentence on how long the model was trained and why not longer."""
    return (
        f"Trained for {convergence.epochs} epochs of {steps} steps, best after "
        f"{convergence.best_epoch}: {convergence.reason}."
    )
