"""One table: its schema, training, draws, imputations, scores, and what is wrong with them."""

import gc
import json
import time
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from benchmarks.tables import faults, measures, preparation
from benchmarks.tables.settings import Settings
from benchmarks.tables.time_limit import OutOfTimeError, time_limit
from tfp_vae import evaluation, tables
from tfp_vae.sklearn import TableVAE
from tfp_vae.tables import Schema

_SAMPLE = 200
_DRAWS = 3


class _Trial:
    """What is found out of a table, step by step."""

    def __init__(self, frame: pd.DataFrame, settings: Settings) -> None:
        self.frame, self.settings = frame, settings
        self.found: dict[str, Any] = {}
        self.faults: list[str] = []

    def infer(self) -> None:
        """Infers the schema of all rows, and sees whether they come back from it."""
        schema = Schema.infer(self.frame)
        kinds = [str(each.kind) for each in schema]
        self.found["kinds"] = {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)}
        self.faults += faults.of_schema(schema, self.frame)
        saved = json.loads(json.dumps(schema.get_config(), allow_nan=False))
        if Schema.from_config(saved) != schema:
            self.faults.append("the schema does not come back from JSON")

    def fit(self) -> None:
        """Trains the estimator, and sets aside the held-out rows that it takes."""
        settings = self.settings
        self.train, held_out = preparation.divided(self.frame, settings.rows, settings.held_out)
        model = TableVAE(
            epochs=settings.epochs(len(self.train)),
            importance_sample_size=settings.draws,
            random_state=0,
        )
        self.model = model.fit(self.train)
        self.schema = model.schema_
        losses = np.array(model.history_["loss"])
        if not np.isfinite(losses).all():
            self.faults.append("a loss is not finite")
        fits = preparation.taken(held_out, lambda rows: tables.rows_of(model.vae_, rows))
        self.held_out = held_out[fits]
        self.found |= {"held_out": len(held_out), "not_taken": int((~fits).sum())}

    def sample(self) -> None:
        """Draws rows."""
        draws = self.model.sample(_SAMPLE, random_state=0)
        self.faults += faults.of_draws(self.schema, self.train, draws)

    def impute(self) -> None:
        """Fills blanks in the held-out rows."""
        blanked, hidden = preparation.with_blanks(self.held_out, self.schema.names)
        found = self.model.impute(blanked, n_draws=_DRAWS, random_state=0)
        self.faults += faults.of_imputation(self.schema, self.train, blanked, found)
        self.found["imputation_error"] = measures.imputation_error(
            self.schema, self.train, self.held_out, found.filled, hidden
        )

    def score(self) -> None:
        """Scores the held-out rows, beside independent columns."""
        scores = self.model.score_samples(self.held_out)
        self.faults += faults.of_scores(scores, len(self.held_out))
        vae = self.model.vae_
        train, rows = (tables.rows_of(vae, each) for each in (self.train, self.held_out))
        simple = evaluation.baselines(vae, train, rows).independent_columns
        self.found |= {"nats": float(scores.mean()), "independent_columns": simple}
        if not np.isfinite(simple):
            self.faults.append("the score of independent columns is not finite")

    def explain(self) -> None:
        """Explains one row."""
        row = self.held_out[:1]
        self.faults += faults.of_explanation(self.model.explain(row), row)


def run(frame: pd.DataFrame, settings: Settings) -> dict[str, Any]:
    """Returns what is found out of a table, as JSON can hold it.

    Its "outcome" is "clean", "faulty", with the "faults", "refused" with the "reason", which is a
    sentence that names an argument, "crashed" with the error, or "out of time"; the latter three
    name the step.

    Args:
      frame: The table.
      settings: Its budget.
    """
    trial = _Trial(frame, settings)
    steps = (trial.infer, trial.fit, trial.sample, trial.impute, trial.score, trial.explain)
    begun = time.perf_counter()
    found: dict[str, Any] = {"rows": len(frame), "columns": frame.shape[1]}
    eager = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(not settings.compiled)
    try:
        with warnings.catch_warnings(), time_limit(settings.seconds):
            warnings.simplefilter("ignore")
            outcome = _outcome(steps)
    finally:
        tf.config.run_functions_eagerly(eager)
        keras.backend.clear_session()
        gc.collect()
    if outcome["outcome"] == "clean" and trial.faults:
        outcome = {"outcome": "faulty"}
    if trial.faults:
        outcome["faults"] = trial.faults
    return (
        found
        | outcome
        | {"settings": settings.name, "seconds": round(time.perf_counter() - begun, 1)}
        | {name: _rounded(value) for name, value in trial.found.items()}
    )


def _outcome(steps: tuple[Callable[[], None], ...]) -> dict[str, Any]:
    for step in steps:
        name = step.__name__
        try:
            step()
        except OutOfTimeError:
            return {"outcome": "out of time", "step": name}
        except Exception as error:
            if is_refusal(error) and name in ("infer", "fit"):
                return {"outcome": "refused", "step": name, "reason": str(error)}
            last = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{Path(last.filename).name}, line {last.lineno}"
            text = f"{type(error).__name__}: {' '.join(str(error).split())[:300]} ({where})"
            return {"outcome": "crashed", "step": name, "error": text}
    return {"outcome": "clean"}


def is_refusal(error: Exception) -> bool:
    """Returns whether an error is one clear sentence on an argument."""
    text = str(error)
    plain = isinstance(error, (TypeError, ValueError)) and "\n" not in text
    return plain and text.startswith("`") and text.endswith(".") and len(text) < 500


def _rounded(value: Any) -> Any:
    if not isinstance(value, float):
        return value
    return round(value, 4) if np.isfinite(value) else str(value)
