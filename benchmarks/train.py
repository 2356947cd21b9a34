"""Training speed against the peers: interleaved runs, every peer in its own process."""

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

    The speed excludes a run's first epoch, which compiles. Results are saved after every turn at a
    batch size, so that an interrupted run keeps them, and added to earlier results with the same
    data and number of epochs: a few peers and batch sizes can be measured at a time. Ours is in
    every turn, and the ratio is that of one turn, so that a change of the machine's speed over time
    does not affect it.

    Args:
      peers: The peers to run besides ours.
      batch_sizes: The batch sizes.
      epochs: Epochs of a run, at least 2.
      repeats: The number of turns.
      mnist: The data file.
      environments_folder: The folder of the peers' environments.
      earlier: The results saved before, or an empty dictionary.
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
    """Summarises the results of every peer at every batch size, in the order of the peers.

    Losses are compared by their means over all turns: after a few epochs the seed alone changes
    the loss of every library by more than 1 %.

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
