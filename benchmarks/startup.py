"""Startup time: the import, and the first training step."""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import environments
from benchmarks.results import spread

IMPORTS = {
    "TensorFlow and TFP": "import tensorflow, tensorflow_probability as tfp; tfp.distributions",
    "tfp_vae": "import tfp_vae",
}
_TIMED = "import time; begun = time.perf_counter(); {}; print(time.perf_counter() - begun)"


def measure(repeats: int, save: Callable[[dict[str, Any]], None]) -> None:
    """Times imports and first steps, all in fresh processes and in turn, and saves seconds.

    Args:
      repeats: The number of rounds; one more, which fills the disk cache and compiles the modules,
        is not counted.
      save: Called with the results.
    """
    seconds: dict[str, list[float]] = {name: [] for name in (*IMPORTS, "first step")}
    commands = {name: ["-c", _TIMED.format(code)] for name, code in IMPORTS.items()}
    commands["first step"] = ["-m", "benchmarks.first_step"]
    with tempfile.TemporaryDirectory() as folder:
        for repeat in range(repeats + 1):
            for name, command in commands.items():
                taken = float(environments.run(sys.executable, command, bytecode=Path(folder)))
                if repeat:
                    seconds[name].append(taken)
                    print(f"{name:20s} {taken:6.2f} s", file=sys.stderr, flush=True)
    baseline, ours = (seconds[name] for name in IMPORTS)
    added = [more - less for more, less in zip(ours, baseline, strict=True)]
    save(
        {
            "seconds": {name: spread(values) for name, values in seconds.items()},
            "added_by_import": spread(added),
        }
    )
