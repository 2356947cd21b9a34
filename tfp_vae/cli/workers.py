"""Several processes on this machine that train one model."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import tensorflow as tf
from rich.console import Console

from tfp_vae.cli.console import BAD_DATA, TERMINAL, TERMINATED, fail
from tfp_vae.cli.progress import Waiting

_TASK = "TF_CONFIG"
_SCRATCH = "TFP_VAE_SCRATCH_FOLDER"
_ALL_HERE = "TFP_VAE_ALL_HERE_FILE"
_SECONDS_BETWEEN_LOOKS = 0.1
_SECONDS_TO_SAVE = 30.0


def is_one_of_several() -> bool:
    """Tells whether this process has been started as one of several workers."""
    return _TASK in os.environ


def scope() -> AbstractContextManager[Any]:
    """Returns what a model is made under: the strategy of the workers, if this is one of them."""
    if not is_one_of_several():
        return contextlib.nullcontext()
    if _SCRATCH in os.environ:
        threading.Thread(target=_end_with_parent, daemon=True).start()
    return tf.distribute.MultiWorkerMirroredStrategy().scope()


def own_folder(output: Path) -> Path:
    """Returns the folder that this process writes: of several, only the first the output folder.

    Args:
      output: The output folder of the run.
    """
    return Path(os.environ.get(_SCRATCH) or output)


def say_that_all_are_here() -> None:
    """Tells the process that started the workers that they have found one another.

    It returns once that process shows nothing of its own any more. In a process that was not
    started so, and in every worker but the first, there is nothing to tell.
    """
    if _ALL_HERE in os.environ:
        file = Path(os.environ[_ALL_HERE])
        file.touch()
        while file.exists():
            time.sleep(_SECONDS_BETWEEN_LOOKS)


def train(arguments: Sequence[str], output: Path, count: int, told: Console) -> None:
    """Runs `tfp-vae train` as several processes, and waits for them.

    The first of them writes the output folder and to the terminal; what the others write is
    dropped.

    Args:
      arguments: What stands after `tfp-vae train`, but for the output folder.
      output: The output folder.
      count: How many processes.
      told: Where it is said that they start.

    Raises:
      CommandError: If one of them fails, with its last line.
    """
    cluster = {"worker": [f"127.0.0.1:{port}" for port in _free_ports(count)]}
    with tempfile.TemporaryDirectory(prefix="tfp-vae-workers-") as aside:
        all_here = Path(aside) / "all-here"
        terminal = os.dup(2)
        running: list[subprocess.Popen[bytes]] = []
        try:
            for index in range(count):
                task = {"cluster": cluster, "task": {"type": "worker", "index": index}}
                environment = {**os.environ, _TASK: json.dumps(task)}
                environment[_SCRATCH] = str(Path(aside) / str(index)) if index else ""
                if index == 0:
                    environment |= {TERMINAL: str(terminal), _ALL_HERE: str(all_here)}
                with _errors_of(aside, index).open("wb") as errors:
                    running.append(
                        subprocess.Popen(
                            [
                                *(sys.executable, "-m", "tfp_vae_cli", "train"),
                                *arguments,
                                *("--output", str(output)),
                            ],
                            env=environment,
                            stdin=subprocess.PIPE,
                            stdout=None if index == 0 else subprocess.DEVNULL,
                            stderr=errors,
                            pass_fds=(terminal,) if index == 0 else (),
                        )
                    )
            with Waiting(f"Starting {count} workers", told):
                while not all_here.exists() and _none_has_ended(running):
                    time.sleep(_SECONDS_BETWEEN_LOOKS)
            all_here.unlink(missing_ok=True)
            _wait(running, aside)
        except SystemExit:
            for process in running:
                process.send_signal(signal.SIGTERM)
            _wait(running, aside)
            raise
        except KeyboardInterrupt:
            # The terminal interrupts the workers too, and the first of them saves what there is.
            with contextlib.suppress(subprocess.TimeoutExpired):
                running[0].wait(_SECONDS_TO_SAVE)
            raise
        finally:
            for process in running:
                process.kill()
                process.wait()
            os.close(terminal)


def _none_has_ended(running: Sequence[subprocess.Popen[bytes]]) -> bool:
    return all(process.poll() is None for process in running)


def _wait(running: Sequence[subprocess.Popen[bytes]], aside: str) -> None:
    while True:
        done = all(process.poll() is not None for process in running)
        for index, process in enumerate(running):
            if process.poll():
                if process.returncode == TERMINATED:
                    # All of them have been terminated then, and the first of them saves.
                    running[0].wait()
                    fail(_last_line(aside, 0), TERMINATED)
                worker = f"worker {index} of {len(running)}"
                if process.returncode < 0:
                    name = signal.Signals(-process.returncode).name
                    fail(
                        f"{worker} was killed by {name}; the same command with --resume goes on "
                        "after the last epoch that was saved.",
                        BAD_DATA,
                    )
                fail(f"{worker}: {_last_line(aside, index)}", process.returncode)
        if done:
            return
        time.sleep(_SECONDS_BETWEEN_LOOKS)


def _end_with_parent() -> None:
    """Ends this process when the one that started it has died, however it died."""
    os.read(sys.stdin.fileno(), 1)
    os._exit(1)


def _last_line(aside: str, index: int) -> str:
    lines = _errors_of(aside, index).read_text(errors="replace").splitlines()
    last = next((line for line in reversed(lines) if line.strip()), "no message")
    return last.removeprefix("tfp-vae: ")


def _errors_of(aside: str, index: int) -> Path:
    return Path(aside) / f"{index}.stderr"


def _free_ports(count: int) -> list[int]:
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports
