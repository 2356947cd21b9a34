"""The methods that are compared, and how each is run."""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks import environments
from benchmarks.peers import table_protocol
from benchmarks.peers.table_protocol import Task
from benchmarks.table_peers import measures, preparation
from benchmarks.table_peers.preparation import Trial

SECONDS = 900
"""The most seconds of a method on a table, with its imports."""

THREADS = 1

OURS = "TableVAE"

_SDV, _SCIKIT_LEARN = ("sdv_tables", "sdv"), ("scikit_learn_tables", None)
PEERS: dict[str, tuple[str, str | None]] = {
    OURS: ("tfp_vae_tables", None),
    "GaussianCopula": _SDV,
    "TVAE": _SDV,
    "CTGAN": _SDV,
    "IterativeImputer": _SCIKIT_LEARN,
    "KNNImputer": _SCIKIT_LEARN,
    "IsolationForest": _SCIKIT_LEARN,
}
"""The script and the environment of each method, by name."""

REFERENCES: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "the training rows themselves": lambda train: train,
    "independent columns": lambda train: preparation.anomalies(train, len(train), seed=1),
}
"""Draws that no method made: a bound of what can be reached, and what is without dependence."""

NAMES = (*PEERS, *REFERENCES)


def run(name: str, trial: Trial, folder: Path) -> dict[str, Any]:
    """Returns the figures of a method on a table, with the processor seconds of every step.

    Args:
      name: One of `NAMES`.
      trial: The table.
      folder: Where the environments of the peers are.

    Raises:
      RuntimeError: If the method fails.
      subprocess.TimeoutExpired: If it takes too long.
      ValueError: If its answer is not one: a column is missing, or a number is not finite.
    """
    if name in REFERENCES:
        return figures(trial, {"draws": REFERENCES[name](trial.task.train)})
    module, environment = PEERS[name]
    python = environments.python_of(environment, folder)
    with tempfile.TemporaryDirectory() as exchange:
        given, answered = Path(exchange) / "task.npz", Path(exchange) / "answer.npz"
        table_protocol.write(given, **vars(trial.task))
        command = ["-m", f"benchmarks.peers.{module}", "--method", name]
        command += ["--data", str(given), "--answer", str(answered)]
        last = environments.run(python, command, threads=THREADS, seconds=SECONDS)
        answers = table_protocol.read(answered)
    said: dict[str, Any] = json.loads(last)
    seconds = {step: round(value, 3) for step, value in said["seconds"].items()}
    return figures(trial, answers) | {"seconds": seconds, "versions": said["versions"]}


def figures(trial: Trial, answers: dict[str, Any]) -> dict[str, Any]:
    """Returns the measures of the answers that there are.

    Raises:
      ValueError: If an answer lacks a column, or has a number that is not finite.
    """
    task, held_out = trial.task, trial.held_out
    found: dict[str, float] = {}
    if "draws" in answers:
        draws = _checked(answers["draws"], task, "draws")
        found["marginals"] = measures.marginals(held_out, draws)
        found["dependence"] = measures.dependence(held_out, draws)
        found["regression"] = measures.regression_error(task.train, held_out, draws)
    if "filled" in answers:
        filled = _checked(answers["filled"], task, "filled")
        found["imputation"] = measures.imputation_error(task.train, held_out, filled, trial.hidden)
    if "strangeness" in answers:
        strangeness = np.asarray(answers["strangeness"], np.float64)
        found["anomalies"] = measures.area_under_curve(strangeness, trial.anomalous)
    return {name: round(value, 5) for name, value in found.items()}


def _checked(frame: pd.DataFrame, task: Task, name: str) -> pd.DataFrame:
    missing = [each for each in task.train if each not in frame]
    if missing:
        raise ValueError(f"`{name}` must have every column; got none of {missing}.")
    if frame[list(task.train)].isna().any(axis=None):
        raise ValueError(f"`{name}` must have no blanks; got some.")
    return frame[list(task.train)]
