"""Overhead of distribution objects: a compiled loop with them against one with explicit formulas.

Both loops gather their batches inside the graph, draw the same noise from the same generator, use
the same optimizer and are compiled by XLA. Their losses must agree. A third loop, of the matrix
products alone, is the lower limit of the time of a step.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import data
from benchmarks.results import spread


def measure(
    batch_sizes: Sequence[int],
    repeats: int,
    seconds: float,
    mnist: Path,
    save: Callable[[dict[str, Any]], None],
) -> None:
    """Times the loops in turn, and saves milliseconds per step and the ratio.

    Args:
      batch_sizes: The batch sizes.
      repeats: The number of timings of each loop.
      seconds: The approximate duration of a timing.
      mnist: The data file.
      save: Called with the results.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "images.npz"
        description = data.write(file, mnist)
        with np.load(file) as arrays:
            x = arrays["x_train"].astype(np.float32)
    rows = []
    for batch_size in batch_sizes:
        rows.append(_row(x, batch_size, repeats, seconds))
        ratio = rows[-1]["ratio"]["median"]
        print(f"batch {batch_size:5d}  objects / formulas {ratio:.3f}", file=sys.stderr, flush=True)
    save({"data": description, "rows": rows})


def _row(x: np.ndarray, batch_size: int, repeats: int, seconds: float) -> dict[str, Any]:
    from benchmarks.loops import compiled_loop, products_loop, with_formulas, with_objects

    loops = {
        name: compiled_loop(make_loss, x, batch_size)
        for name, make_loss in (("objects", with_objects), ("formulas", with_formulas))
    }
    losses = {name: loop(10) for name, loop in loops.items()}
    if not np.isclose(losses["objects"], losses["formulas"], rtol=1e-3):
        raise RuntimeError(f"The two loops must have the same loss; got {losses}.")
    loops["products"] = products_loop(x, batch_size)
    loops["products"](10)
    steps = max(1, round(seconds * 10 / _seconds(loops["formulas"], 10)))
    times: dict[str, list[float]] = {name: [] for name in loops}
    processor: dict[str, list[float]] = {name: [] for name in loops}
    for repeat in range(repeats):
        for name in sorted(loops, reverse=bool(repeat % 2)):
            begun = time.process_time()
            times[name].append(_seconds(loops[name], steps) / steps * 1e3)
            processor[name].append(time.process_time() - begun)
    return {
        "batch_size": batch_size,
        "milliseconds": {name: spread(values) for name, values in times.items()},
        "ratio": _ratios(times),
        "processor_ratio": _ratios(processor),
    }


def _ratios(times: dict[str, list[float]]) -> dict[str, float]:
    pairs = zip(times["objects"], times["formulas"], strict=True)
    return spread([objects / formulas for objects, formulas in pairs])


def _seconds(loop: Callable[[int], float], steps: int) -> float:
    begun = time.perf_counter()
    loop(steps)
    return time.perf_counter() - begun
