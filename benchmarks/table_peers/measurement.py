"""Measures the methods on the tables, and keeps every figure as soon as it is there."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks import results
from benchmarks.table_peers import choice, methods, preparation
from benchmarks.table_peers.preparation import Trial

NAME = "tables-peers"


def measure(
    environments_folder: Path,
    folder: Path,
    sets: Sequence[str] | None,
    wanted: Sequence[str] | None,
    again: bool,
) -> None:
    """Measures what is not yet measured, the smallest table first.

    Args:
      environments_folder: Where the environments of the peers are.
      folder: Where the results are.
      sets: The names of tables, or None for all.
      wanted: The names of methods, or None for all.
      again: Whether to measure again what is there.

    Raises:
      SystemExit: If a name is unknown.
    """
    tables = choice.tables()
    chosen_methods = chosen(wanted, list(methods.NAMES), "--methods")
    for name in chosen(sets, list(tables), "--sets"):
        trial = preparation.trial(tables[name])
        for method in chosen_methods:
            stored = read(folder)
            known = stored["sets"].get(name, {}).get("methods", {})
            if method in known and not again:
                continue
            found, versions = _found(method, trial, environments_folder)
            described = description(tables[name], trial)
            stored["of_all"] = list(tables)
            stored["versions"] |= versions
            stored["sets"][name] = described | {"methods": known | {method: found}}
            results.save(folder, NAME, stored)
            print(f"{name:28} {method:30} {json.dumps(found)}", file=sys.stderr, flush=True)


def read(folder: Path) -> dict[str, Any]:
    """Returns what is stored; `results.save` adds the machine."""
    file = folder / f"{NAME}.json"
    stored = json.loads(file.read_text()) if file.exists() else {}
    stored.pop("machine", None)
    return {"of_all": [], "versions": {}, "sets": {}, **stored}


def description(table: pd.DataFrame, trial: Trial) -> dict[str, Any]:
    """Returns what there is to know of a table."""
    numbers = sum(choice.is_number(table[name]) for name in table)
    return {
        "train": len(trial.task.train),
        "held_out": len(trial.held_out),
        "numbers": numbers,
        "words": table.shape[1] - numbers,
    }


def _found(method: str, trial: Trial, folder: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """Returns the figures of a method, or its error, and the versions of its packages."""
    try:
        found = methods.run(method, trial, folder)
    except subprocess.TimeoutExpired:
        return {"error": f"more than {methods.SECONDS} seconds"}, {}
    except (RuntimeError, ValueError) as error:
        return {"error": f"{type(error).__name__}: {' '.join(str(error).split())[-300:]}"}, {}
    return found, found.pop("versions", {})


def chosen(wanted: Sequence[str] | None, known: list[str], option: str) -> list[str]:
    """Returns the names that are wanted, all of the known ones for None.

    Raises:
      SystemExit: If one is unknown.
    """
    unknown = sorted(set(wanted or []) - set(known))
    if unknown:
        raise SystemExit(f"{option}: unknown {', '.join(unknown)}; known: {', '.join(known)}")
    return [name for name in known if wanted is None or name in wanted]
