"""Counts of cells, beside scvi-tools' `SCVI` with the same architecture."""

import contextlib
import importlib.metadata
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import keras
import numpy as np
import tensorflow as tf

import tfp_vae
from benchmarks import environments, results
from tfp_vae import evaluation, likelihoods, posteriors

CELLS = 2000
GENES = 200
KINDS = 5
EPOCHS = 60
SEEDS = 3
BATCH_SIZE = 128
IMPORTANCE_SAMPLES = 500
SETTINGS = {
    "scvi.data.synthetic_iid": ("zinb", "gene"),
    "cells of five kinds": ("nb", "gene-batch"),
}
"""The likelihood and the dispersion of each data set, in the words of scvi-tools."""

TITLES = {"ours": "tfp_vae", "theirs": "scvi-tools, `SCVI`"}


def drawn_cells(seed: int = 0) -> dict[str, np.ndarray]:
    """Draws counts of cells of five kinds in two batches, which differ in means and dispersions.

    The library sizes are lognormal. A gene's inverse dispersion is 5 in batch 0 and 1 in batch 1.
    """
    rng = np.random.default_rng(seed)
    of_kinds = rng.normal(0.0, 1.0, [KINDS, GENES])
    of_batches = rng.normal(0.0, 0.4, [2, GENES])
    kind, batch = rng.integers(0, KINDS, CELLS), np.arange(CELLS) % 2
    shares = np.exp(of_kinds[kind] + of_batches[batch])
    shares /= shares.sum(axis=1, keepdims=True)
    mean = rng.lognormal(np.log(2000.0), 0.5, [CELLS, 1]) * shares
    r = np.where(batch == 0, 5.0, 1.0)[:, None]
    return {"x": rng.poisson(rng.gamma(r, mean / r)), "batch": batch, "kind": kind}


def model(likelihood: str, dispersion: str, genes: int) -> tfp_vae.VAE:
    """Makes a model of the architecture of `SCVI`: a layer of 128 each way, ten latents."""
    family = {
        "nb": likelihoods.NegativeBinomial,
        "zinb": likelihoods.ZeroInflatedNegativeBinomial,
    }[likelihood]
    word = {"gene": "shared", "gene-batch": "condition"}[dispersion]

    def trunk(*dropout: keras.layers.Layer) -> keras.Sequential:
        normalization = keras.layers.BatchNormalization(momentum=0.99, epsilon=1e-3)
        return keras.Sequential(
            [keras.layers.Dense(128), normalization, keras.layers.ReLU(), *dropout]
        )

    return tfp_vae.VAE(
        tfp_vae.Encoder(trunk(keras.layers.Dropout(0.1)), posteriors.MultivariateNormalDiag(10)),
        tfp_vae.Decoder(trunk(), family([genes], dispersion=word, offset="total")),
        condition=keras.layers.CategoryEncoding(2, output_mode="one_hot"),
    )


class _Clock(keras.callbacks.Callback):
    """Measures every epoch, by the clock and in processor time."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []
        self.processor_seconds: list[float] = []

    def on_epoch_begin(self, *_: Any) -> None:
        self._begun = time.perf_counter(), time.process_time()

    def on_epoch_end(self, *_: Any) -> None:
        self.seconds.append(time.perf_counter() - self._begun[0])
        self.processor_seconds.append(time.process_time() - self._begun[1])


def ours(
    cells: dict[str, np.ndarray], likelihood: str, dispersion: str, seed: int, epochs: int
) -> tuple[dict[str, Any], np.ndarray]:
    """Trains our model; returns what it reaches on the cells held out, and their latents."""
    x, batch, held_out = cells["x"].astype("float32"), cells["batch"], cells["held_out"]
    keras.utils.set_random_seed(seed)
    vae = model(likelihood, dispersion, x.shape[1])
    vae.compile(keras.optimizers.Adam(1e-3, epsilon=0.01))
    clock = _Clock()
    vae.fit(
        x[~held_out],
        batch[~held_out],
        epochs=epochs,
        batch_size=BATCH_SIZE,
        verbose=0,
        callbacks=[clock],
    )
    marginal = evaluation.log_marginal_likelihood(
        vae,
        x[held_out],
        importance_sample_size=IMPORTANCE_SAMPLES,
        seed=0,
        condition=batch[held_out],
    )
    found = {
        "log_likelihood": float(np.mean(marginal.estimate)),
        "seconds": clock.seconds[1:],
        "processor_seconds": clock.processor_seconds[1:],
        "versions": {name: importlib.metadata.version(name) for name in ("tensorflow", "keras")},
    }
    return found, vae.encode(x[held_out], batch[held_out], verbose=0)


def neighbours(z: np.ndarray, labels: np.ndarray) -> float:
    """Returns the share of cells of which the 15 nearest others tell the label, in percent."""
    from sklearn.model_selection import cross_val_score
    from sklearn.neighbors import KNeighborsClassifier

    classifier = KNeighborsClassifier(15)
    scores = cross_val_score(classifier, z, labels, cv=5, scoring="balanced_accuracy")
    return float(100.0 * scores.mean())


def measure(folder: Path, seeds: int, epochs: int, save: Callable[[dict[str, Any]], None]) -> None:
    """Trains both models on both data sets with every seed, and saves what they reach.

    Args:
      folder: The folder of the environments.
      seeds: The number of seeds.
      epochs: The number of epochs.
      save: Takes the results so far.
    """
    with contextlib.suppress(RuntimeError):  # Where TensorFlow has run already.
        tf.config.threading.set_intra_op_parallelism_threads(1)
    python = environments.python_of("scvi", folder)
    script = ["-m", "benchmarks.peers.scvi_counts"]
    runs: dict[str, dict[str, list[dict[str, Any]]]] = {}
    versions: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as place:
        simulated, latents = f"{place}/iid.npz", f"{place}/latents.npy"
        environments.run(
            python, [*script, "simulate", "--output", simulated, "--cells", str(CELLS)]
        )
        with np.load(simulated) as arrays:
            iid = dict(arrays)
        sets = dict(zip(SETTINGS, (iid, drawn_cells()), strict=True))
        for cells in sets.values():
            cells["held_out"] = np.random.default_rng(1).uniform(size=CELLS) < 0.2
        for seed in range(seeds):
            for name, cells in sets.items():
                likelihood, dispersion = SETTINGS[name]
                np.savez(f"{place}/cells.npz", **cells)
                output = environments.run(
                    python,
                    [
                        *[*script, "train", "--data", f"{place}/cells.npz"],
                        *["--output", latents, "--seed", str(seed), "--epochs", str(epochs)],
                        *["--likelihood", likelihood, "--dispersion", dispersion],
                        *["--importance-samples", str(IMPORTANCE_SAMPLES)],
                        *["--batch-size", str(BATCH_SIZE)],
                    ],
                )
                both = {
                    "ours": ours(cells, likelihood, dispersion, seed, epochs),
                    "theirs": (json.loads(output), np.load(latents)),
                }
                for which, (run, z) in both.items():
                    versions |= run.pop("versions")
                    for times in ("seconds", "processor_seconds"):
                        run[times] = median(run[times])
                    for label in ("batch", "kind"):
                        run[label] = neighbours(z, cells[label][cells["held_out"]])
                    runs.setdefault(name, {}).setdefault(which, []).append(run)
                    print(f"{name}, {which}: {run}", flush=True)
            save(
                {
                    "cells": CELLS,
                    "genes": GENES,
                    "epochs": epochs,
                    "seeds": seed + 1,
                    "versions": versions,
                    "runs": runs,
                }
            )


def lines(measured: dict[str, Any]) -> Iterator[str]:
    """Yields the lines of the page."""
    yield (
        f"{measured['cells']:,} cells of {measured['genes']} genes in two batches, a fifth held "
        f"out: counts of scvi-tools' simulator, in which nothing is to be learned but each gene's "
        "distribution, and counts drawn from five kinds of cells in two batches that differ in "
        f"means and dispersions. The same architecture for both, {measured['epochs']} epochs, on "
        "one thread and without a warm-up of the KL. log p(x) of the held-out cells is by "
        f"importance sampling with {IMPORTANCE_SAMPLES} draws, in nats a cell, given their totals "
        "and batches. What the 15 nearest cells in latent space tell of the batch and of the kind "
        "is the balanced accuracy, in percent; a batch that "
        f"cannot be told has 50. Medians (ranges) over {measured['seeds']} seeds. Other work ran "
        "on the machine, which the processor time is least affected by."
    )
    yield ""
    yield (
        "| counts | likelihood, dispersion | | log p(x) | batch | kind | seconds an epoch | "
        "processor seconds |"
    )
    yield "|---|---|---|---|---|---|---|---|"
    for name, both in measured["runs"].items():
        for which, of_seeds in both.items():
            values = [
                _written([run[key] for run in of_seeds], digits)
                for key, digits in (
                    ("log_likelihood", 2),
                    ("batch", 0),
                    ("kind", 0),
                    ("seconds", 2),
                    ("processor_seconds", 2),
                )
            ]
            setting = ", ".join(SETTINGS[name])
            yield f"| {name} | {setting} | {TITLES[which]} | {' | '.join(values)} |"
    if "longer" in measured:
        longer = measured["longer"]
        yield ""
        yield (
            f"Neither is at its end after so few epochs: after {longer['epochs']} on the "
            f"{longer['counts']}, of one seed, log p(x) is {longer['ours']:.2f} with tfp_vae and "
            f"{longer['theirs']:.2f} with scvi-tools."
        )
    named = ", ".join(f"{name} {number}" for name, number in sorted(measured["versions"].items()))
    yield ""
    yield f"Versions: {named}."


def _written(values: list[float], digits: int) -> str:
    spread = results.spread(values)
    low, middle, high = (f"{spread[key]:.{digits}f}" for key in ("lowest", "median", "highest"))
    return f"{middle} ({low} to {high})"
