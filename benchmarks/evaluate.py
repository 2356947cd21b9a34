"""Speed of log p(x) by importance sampling, against pythae and the matrix products alone."""

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import data, environments, importance
from benchmarks.results import spread

EPOCHS, ROWS, PYTHAE_ROWS = 2, 200, 10


def measure(
    sample_size: int,
    repeats: int,
    mnist: Path,
    environments_folder: Path,
    save: Callable[[dict[str, Any]], None],
) -> None:
    """Trains a model for two epochs, evaluates its weights with both libraries, and saves rows/s.

    Args:
      sample_size: Importance samples for every row.
      repeats: The number of timings of each, in turn.
      mnist: The data file.
      environments_folder: The folder of pythae's environment.
      save: Called with the results so far, after every turn.
    """
    if not importance.has_log_marginal_likelihood():
        raise SystemExit(importance.MISSING)
    from benchmarks.peers.tfp_vae_fit import model

    python = environments.python_of("pythae", environments_folder)
    with tempfile.TemporaryDirectory() as folder:
        file, given = Path(folder) / "images.npz", Path(folder) / "weights.npz"
        description = data.write(file, mnist)
        with np.load(file) as arrays:
            x, x_valid = (arrays[key].astype(np.float32) for key in ("x_train", "x_valid"))
        vae = model(x.shape[1])
        vae.compile("adam")
        vae.fit(x, batch_size=100, epochs=EPOCHS, verbose=0)
        rows = x_valid[:ROWS]
        np.savez(given, *[variable.numpy() for variable in vae.trainable_variables], x=rows)
        command = ["-m", "benchmarks.peers.pythae_nll", "--data", str(given)]
        command += ["--rows", str(PYTHAE_ROWS), "--importance-samples", str(sample_size)]
        speeds: dict[str, list[float]] = {"tfp_vae": [], "products": [], "pythae": []}
        estimates: dict[str, float] = {}
        for repeat in range(repeats):
            speed, estimate = importance.rows_per_second(vae, rows, sample_size)
            speeds["tfp_vae"].append(speed)
            speeds["products"].append(importance.products_alone(vae, ROWS, sample_size))
            theirs = json.loads(environments.run(python, command))
            speeds["pythae"].append(theirs["rows_per_second"])
            estimates = {
                "tfp_vae": float(np.mean(estimate[:PYTHAE_ROWS])),
                "pythae": theirs["mean_estimate"],
            }
            line = "  ".join(f"{name} {values[-1]:,.1f}/s" for name, values in speeds.items())
            print(line, file=sys.stderr, flush=True)
            save(
                {
                    "data": description,
                    "sample_size": sample_size,
                    "repeats": repeat + 1,
                    "rows_per_second": {name: spread(values) for name, values in speeds.items()},
                    "mean_estimates": estimates,
                }
            )
