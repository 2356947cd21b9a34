"""The results of the tables, in one file with a line for each."""

import json
from pathlib import Path
from typing import Any

from benchmarks import results
from tfp_vae import atomic_files

NAME = "tables"


def read(folder: Path) -> dict[str, Any]:
    """Returns what is stored of each table, by its name."""
    file = folder / f"{NAME}.json"
    sets: dict[str, Any] = json.loads(file.read_text())["sets"] if file.exists() else {}
    return sets


def write(folder: Path, of_all: int, settings: dict[str, Any], sets: dict[str, Any]) -> None:
    """Writes what is known of the tables.

    Args:
      folder: The folder of results.
      of_all: How many tables there are.
      settings: The budgets, by name.
      sets: What is known of each, by its name.
    """
    head = {"machine": results.machine(), "of_all": of_all, "settings": settings}
    lines = [f" {_text(name)}: {_text(value)}," for name, value in head.items()]
    rows = [f"  {_text(name)}: {_text(sets[name])}" for name in sorted(sets)]
    text = "\n".join(["{", *lines, ' "sets": {', ",\n".join(rows), " }", "}", ""])
    folder.mkdir(parents=True, exist_ok=True)
    atomic_files.write(folder / f"{NAME}.json", text.encode())


def _text(value: Any) -> str:
    return json.dumps(value, allow_nan=False)
