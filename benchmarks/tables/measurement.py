"""Runs the tables one by one, and stores what is found of each as soon as it is there."""

import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.tables import sources, store, worker
from benchmarks.tables.settings import QUICK, THOROUGH, Settings


def measure(folder: Path, sets: Sequence[str] | None, settings: Settings, again: bool) -> None:
    """Runs the tables of which there is no result of these settings, or a more thorough one.

    Args:
      folder: The folder of results.
      sets: The names "package/item" of tables, or None for all.
      settings: The budget of each.
      again: Whether to run again what is there.

    Raises:
      SystemExit: If a name is unknown.
    """
    known = sources.names()
    unknown = sorted(set(sets or []) - set(known))
    if unknown:
        raise SystemExit(f"--sets: unknown {', '.join(unknown)}")
    budgets = {each.name: dataclasses.asdict(each) for each in (QUICK, THOROUGH)}
    enough = (settings.name, THOROUGH.name)
    process = worker.Worker()
    for name in known:
        stored = store.read(folder)
        done = stored.get(name, {}).get("settings") in enough
        if (sets is not None and name not in sets) or (done and not again):
            continue
        found = process.run(name, settings)
        store.write(folder, len(known), budgets, stored | {name: found})
        faults = "; ".join(found.get("faults", []))[:300]
        why = found.get("reason") or found.get("error") or faults or found.get("step", "")
        line = f"{name:40} {found['outcome']:12} {found['seconds']:6.1f} s  {why}"
        print(line.rstrip(), file=sys.stderr, flush=True)
    process.close()
