"""Training speed beside the peers: runs interleaved, every peer in a process of its own."""

import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import mean, median
from typing import Any

from benchmarks import data, environments
from benchmarks.environments import OURS, Peer
from benchmarks.results import spread


def measure(
    peers: Sequence[Peer],
    batch_sizes: Sequence[int],
    epochs: int,
    repeats: int,
    mnist: Path,
    environments_folder: Path,
    earlier: dict[str, Any],
    save: Callable[[dict[str, Any]], None],
) -> None:
    """Trains every peer at every batch size, `repeats` times in turn.

    The first epoch of a run, in which things compile, is not in its speed. What has been measured
    is saved after every turn at a batch size, so that a run that is broken off leaves its results,
    and added to what was measured earlier with as many epochs on the same data: a few peers and
    batch sizes can be measured at a time. Ours is in every turn, and the ratio is that of one turn,
    so that a machine that is faster at one hour than at another does not enter it.

    Args:
      peers: Whom to run beside ours.
      batch_sizes: The batch sizes.
      epochs: Epochs of a run, at least 2.
      repeats: How often to go through all of the above.
      mnist: Where the data is.
      environments_folder: Where the peers' environments are.
      earlier: What was saved before, or an empty dictionary.
      save: Called with all the results so far.
    """
    others = [peer for peer in peers if peer is not OURS]
    pythons = {
        peer.title: environments.python_of(peer.environment, environments_folder)
        for peer in (OURS, *others)
    }
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "images.npz"
        settings = {"data": data.write(file, mnist), "epochs": epochs}
        same = all(earlier.get(name) == value for name, value in settings.items())
        turns = list(earlier["turns"]) if same else []
        for repeat in range(repeats):
            for batch_size in batch_sizes:
                seed = sum(turn["batch_size"] == batch_size for turn in turns)
                runs = {}
                for peer in (OURS, *others) if repeat % 2 else (*others, OURS):
                    command = ["-m", f"benchmarks.peers.{peer.module}", "--data", str(file)]
                    command += ["--batch-size", str(batch_size), "--epochs", str(epochs)]
                    command += ["--seed", str(seed)]
                    runs[peer.title] = json.loads(environments.run(pythons[peer.title], command))
                    speed = spread(runs[peer.title]["images_per_second"])["median"]
                    line = f"batch {batch_size:5d}  {peer.title:30s} {speed:9,.0f} images/s"
                    print(line, file=sys.stderr, flush=True)
                turns.append({"batch_size": batch_size, "runs": runs})
                save({**settings, "rows": rows_of(turns), "turns": turns})


def rows_of(turns: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Summarises what every peer did at every batch size, in the order of the peers.

    Losses are compared by their means over all turns: weights and noise of another seed move the
    loss after a few epochs by more than 1 %, of ours as of everyone's.

    Args:
      turns: For every turn its batch size, and its runs by the peer's title.
    """
    titles = [peer.title for peer in environments.PEERS]
    pairs = {(turn["batch_size"], title) for turn in turns for title in turn["runs"]}
    return [
        _row(batch_size, title, turns)
        for batch_size, title in sorted(pairs, key=lambda pair: (pair[0], titles.index(pair[1])))
    ]


def _row(batch_size: int, title: str, turns: Sequence[dict[str, Any]]) -> dict[str, Any]:
    its = [
        turn["runs"] for turn in turns if turn["batch_size"] == batch_size and title in turn["runs"]
    ]
    runs = [turn[title] for turn in its]
    ratios = [_speed(turn[OURS.title]) / _speed(turn[title]) for turn in its]
    processor = [_processor_time(turn[title]) / _processor_time(turn[OURS.title]) for turn in its]
    losses = [run["held_out_loss"] for run in runs]
    our_losses = [
        turn["runs"][OURS.title]["held_out_loss"]
        for turn in turns
        if turn["batch_size"] == batch_size
    ]
    return {
        "batch_size": batch_size,
        "peer": title,
        "turns": len(its),
        "images_per_second": spread([speed for run in runs for speed in run["images_per_second"]]),
        "ratio": spread(ratios),
        "processor_ratio": spread(processor),
        "first_epoch_seconds": spread([run["first_epoch_seconds"] for run in runs]),
        "mean_held_out_loss": mean(losses),
        "loss_ratio": mean(losses) / mean(our_losses),
        "versions": runs[-1]["versions"],
    }


def _speed(run: dict[str, Any]) -> float:
    return median(run["images_per_second"])


def _processor_time(run: dict[str, Any]) -> float:
    return median(run["processor_microseconds_an_image"])
