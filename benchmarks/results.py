"""Measured results: a JSON file for every benchmark, from which the pages are written."""

import json
import os
import platform
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

MEASURED = Path(__file__).with_name("measured")
"""The folder of the results, in the repository, so that the pages can be written from it."""


def save(folder: Path, name: str, measured: dict[str, Any]) -> None:
    """Writes `name.json`, with a description of the machine."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"machine": machine(), **measured}, indent=1)
    (folder / f"{name}.json").write_text(text + "\n")


def load(folder: Path) -> dict[str, dict[str, Any]]:
    """Reads the results of every benchmark that has run."""
    return {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}


def spread(values: Sequence[float]) -> dict[str, float]:
    """Returns the median and the range."""
    return {"median": median(values), "lowest": min(values), "highest": max(values)}


def machine() -> str:
    """Returns a description of the machine."""
    model = platform.processor() or platform.machine()
    information = Path("/proc/cpuinfo")
    if information.exists():
        lines = information.read_text().splitlines()
        names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
        model = names[0] if names else model
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    counted = f"{cores} core{'s' if cores > 1 else ''}"
    return f"{model}, {counted}, {platform.system()}, Python {platform.python_version()}"
