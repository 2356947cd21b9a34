"""Cost against size: time and peak memory as one size at a time grows tenfold."""

import json
import sys
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks import environments
from benchmarks.importance import has_log_marginal_likelihood
from benchmarks.results import spread

BASE = {"rows": 6000, "width": 200, "latent-size": 50}
IMPORTANCE_BASE = {"rows": 100, "width": 200, "latent-size": 50, "importance-samples": 500}
FACTORS = (1, 3, 10)


def measure(repeats: int, save: Callable[[dict[str, Any]], None]) -> None:
    """Measures every point in a process of its own, in turn, and saves seconds and megabytes.

    Args:
      repeats: The number of measurements of every point.
      save: Called with the results so far, after every turn.
    """
    points = list(_points("training", BASE, tuple(BASE)))
    if has_log_marginal_likelihood():
        grown = ("importance-samples", "rows")
        points += _points("log_marginal_likelihood", IMPORTANCE_BASE, grown)
    found: dict[int, list[dict[str, float]]] = {}
    for repeat in range(repeats):
        for index, (what, size, sizes) in enumerate(points):
            command = ["-m", "benchmarks.scaling_point"]
            for name, value in sizes.items():
                command += [f"--{name}", str(value)]
            found.setdefault(index, []).append(
                json.loads(environments.run(sys.executable, command))
            )
            last = found[index][-1]
            line = f"{what}, {size} {sizes[size]}: {last['seconds']:.2f} s"
            print(f"{line}, {last['megabytes']:.0f} MB", file=sys.stderr, flush=True)
        rows = [
            {
                "what": what,
                "size": size,
                "value": sizes[size],
                "seconds": spread([point["seconds"] for point in found[index]]),
                "megabytes": spread([point["megabytes"] for point in found[index]]),
            }
            for index, (what, size, sizes) in enumerate(points)
        ]
        save({"repeats": repeat + 1, "base": BASE, "importance": IMPORTANCE_BASE, "rows": rows})


def _points(
    what: str, base: dict[str, int], grown: Sequence[str]
) -> list[tuple[str, str, dict[str, int]]]:
    return [
        (what, size, {**base, size: base[size] * factor}) for size in grown for factor in FACTORS
    ]
