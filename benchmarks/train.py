"""Training speed beside the peers: runs interleaved, every peer in a process of its own."""

import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks import data, environments
from benchmarks.environments import Peer
from benchmarks.results import spread


def measure(
    peers: Sequence[Peer],
    batch_sizes: Sequence[int],
    epochs: int,
    repeats: int,
    mnist: Path,
    environments_folder: Path,
    save: Callable[[dict[str, Any]], None],
) -> None:
    """Trains every peer at every batch size, `repeats` times in turn.

    The first epoch of a run, in which things compile, is not in its speed. What has been measured
    is saved after every turn, so that a run that is broken off leaves its results.

    Args:
      peers: Whom to run.
      batch_sizes: The batch sizes.
      epochs: Epochs of a run, at least 2.
      repeats: How often to go through all of the above.
      mnist: Where the data is.
      environments_folder: Where the peers' environments are.
      save: Called with all the results so far.
    """
    pythons = {
        peer.title: environments.python_of(peer.environment, environments_folder) for peer in peers
    }
    runs: dict[tuple[int, str], list[dict[str, Any]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "images.npz"
        description = data.write(file, mnist)
        for repeat in range(repeats):
            for batch_size in batch_sizes:
                for peer in peers:
                    command = ["-m", f"benchmarks.peers.{peer.module}", "--data", str(file)]
                    command += ["--batch-size", str(batch_size), "--epochs", str(epochs)]
                    command += ["--seed", str(repeat)]
                    result = json.loads(environments.run(pythons[peer.title], command))
                    runs.setdefault((batch_size, peer.title), []).append(result)
                    speed = spread(result["images_per_second"])["median"]
                    line = f"batch {batch_size:5d}  {peer.title:30s} {speed:9,.0f} images/s"
                    print(line, file=sys.stderr, flush=True)
            rows = [_row(batch_size, title, found) for (batch_size, title), found in runs.items()]
            save({"data": description, "epochs": epochs, "repeats": repeat + 1, "rows": rows})


def _row(batch_size: int, title: str, runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    speeds = [speed for run in runs for speed in run["images_per_second"]]
    return {
        "batch_size": batch_size,
        "peer": title,
        "images_per_second": spread(speeds),
        "first_epoch_seconds": spread([run["first_epoch_seconds"] for run in runs]),
        "held_out_loss": spread([run["held_out_loss"] for run in runs]),
        "versions": runs[-1]["versions"],
    }
