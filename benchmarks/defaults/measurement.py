"""Measures the methods on the data sets, and keeps every figure as soon as it is there."""

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import results
from benchmarks.defaults import (
    columns,
    grid,
    linear,
    measures,
    mixtures,
    peers,
    real_data,
    vae_scores,
)
from benchmarks.defaults.real_data import Split
from benchmarks.defaults.scores import Score, reconstruction_error
from tfp_vae import likelihoods

MOST_LATENTS = 16


def latents(x: np.ndarray) -> int:
    """Returns the number of latents and of components: a third of the columns, 2 to 16."""
    return min(max(x[0].size // 3, 2), MOST_LATENTS)


Method = Callable[[Split, int, np.ndarray], Score]
"""A function of the rows, the number of latents, and which values of a row the suggested likelihood
gives probabilities."""

METHODS = (
    "ours",
    "our grid",
    "independent columns",
    "factor analysis",
    "PCA",
    "probabilistic PCA",
    "mixture, diagonal",
    "mixture, full",
    "pythae VAE",
    "TVAE",
)


def methods_in(environments_folder: Path) -> dict[str, Method]:
    """Returns the methods by name; the environments of the peers are in the folder."""
    found = (
        vae_scores.default,
        grid.best,
        columns.score,
        linear.factor_analysis,
        linear.pca,
        linear.probabilistic_pca,
        mixtures.diagonal,
        mixtures.full,
        peers.scorer(peers.PYTHAE, environments_folder),
        peers.scorer(peers.TVAE, environments_folder, tables_alone=True),
    )
    return dict(zip(METHODS, found, strict=True))


def figures(score: Score, x: np.ndarray, data: Split) -> dict[str, Any]:
    """Returns the figures of a score as they are stored.

    Args:
      score: What a method reached.
      x: All rows, from which the steps of the columns are read.
      data: The same rows, divided.
    """
    found: dict[str, Any] = {"seconds": round(score.seconds, 2), **score.notes}
    if score.reconstructed is not None:
        mean, total = reconstruction_error(data.x_train, data.x_test, score.reconstructed)
        found |= {"reconstruction": mean, "reconstruction_of_sums": total}
    if score.log_p is not None:
        to_grid = float(measures.log_steps(x)[~score.discrete].sum())
        found |= {
            "measure": measures.name_of(score.discrete),
            "log_p": float(score.log_p.mean()),
            "standard_error": float(score.log_p.std(ddof=1) / np.sqrt(len(score.log_p))),
            "log_steps": to_grid,
            "log_p_of_rows": " ".join(f"{value:.4f}" for value in score.log_p),
        }
    return found


def measure(
    mnist: Path,
    environments_folder: Path,
    folder: Path,
    sets: Sequence[str] | None,
    methods: Sequence[str] | None,
    again: bool,
) -> None:
    """Measures what is not yet measured, and stores it: a file for every data set.

    Args:
      mnist: Keras's .npz file of MNIST.
      environments_folder: Where the environments of the peers are.
      folder: Where the results are.
      sets: The names of data sets, or None for all.
      methods: The names of methods, or None for all.
      again: Whether to measure again what is there.
    """
    known = methods_in(environments_folder)
    data_sets, missing = real_data.load(mnist)
    for reason in missing:
        print(f"Left out: {reason}.", file=sys.stderr)
    for name in chosen(sets, list(data_sets), "--sets"):
        x = data_sets[name]
        data = real_data.split(x)
        discrete = measures.discrete_columns(likelihoods.suggest(data.x_train).likelihood)
        for method in chosen(methods, list(known), "--methods"):
            stored = _read(folder, name)
            if method in stored.get("methods", {}) and not again:
                continue
            try:
                found = figures(known[method](data, latents(x), discrete), x, data)
            except peers.NotApplicableError as reason:
                found = {"left_out": str(reason)}
            except Exception as error:
                found = {"error": f"{type(error).__name__}: {str(error)[:300]}"}
            found["discrete_columns"] = int(discrete.sum())
            stored = _read(folder, name)
            stored["methods"] = stored.get("methods", {}) | {method: found}
            results.save(folder, _file_name(name), description(name, x, data) | stored)
            print(said(name, method, found), file=sys.stderr, flush=True)


def description(name: str, x: np.ndarray, data: Split) -> dict[str, Any]:
    """Returns what there is to know of a data set."""
    return {
        "name": name,
        "event_shape": list(x.shape[1:]),
        "rows": {
            "train": len(data.x_train),
            "validation": len(data.x_valid),
            "held out": len(data.x_test),
        },
        "latents": latents(x),
        "columns": x[0].size,
        "columns_on_a_grid": int(np.isfinite(measures.steps(x)).sum()),
    }


def chosen(wanted: Sequence[str] | None, known: list[str], option: str) -> list[str]:
    """Returns the wanted names in their usual order, or all.

    Raises:
      SystemExit: If a name is unknown.
    """
    unknown = sorted(set(wanted or []) - set(known))
    if unknown:
        raise SystemExit(f"{option}: unknown {', '.join(unknown)}; known: {', '.join(known)}")
    return [name for name in known if wanted is None or name in wanted]


def said(name: str, method: str, found: dict[str, Any]) -> str:
    """Returns a line on a result."""
    for kind in ("error", "left_out"):
        if kind in found:
            return f"{name:32} {method:20} {found[kind]}"
    log_p = f"{found['log_p']:12.3f} ± {found['standard_error']:<8.3f}" if "log_p" in found else ""
    error = f"{found['reconstruction']:8.4f}" if "reconstruction" in found else ""
    return f"{name:32} {method:20} {log_p:24} {error:8} {found['seconds']:7.1f} s"


def _file_name(name: str) -> str:
    return name.replace("/", "-").replace(" ", "_")


def _read(folder: Path, name: str) -> dict[str, Any]:
    file = folder / f"{_file_name(name)}.json"
    if not file.exists():
        return {}
    stored = json.loads(file.read_text())
    return {"methods": stored["methods"]}
