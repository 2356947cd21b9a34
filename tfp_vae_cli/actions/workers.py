"""Trains one model in several processes on this machine."""

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
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import tensorflow as tf
from rich.console import Console

from tfp_vae_cli.actions.progress import status
from tfp_vae_cli.console import BAD_DATA, TERMINAL, TERMINATED, fail

_CLUSTER = "TF_CONFIG"
_SCRATCH = "TFP_VAE_SCRATCH_FOLDER"
_READY_FILE = "TFP_VAE_READY_FILE"
_POLL_SECONDS = 0.1
_SECONDS_TO_SAVE = 30.0


def is_worker() -> bool:
    """Tells whether this process is one of several workers."""
    return _CLUSTER in os.environ


def strategy_scope() -> AbstractContextManager[object]:
    """Returns the scope to make the model in: that of the workers' strategy in a worker."""
    if not is_worker():
        return contextlib.nullcontext()
    if _SCRATCH in os.environ:
        threading.Thread(target=_end_with_parent, daemon=True).start()
    scope: AbstractContextManager[object] = tf.distribute.MultiWorkerMirroredStrategy().scope()
    return scope


def own_folder(output: Path) -> Path:
    """Returns the folder that this process writes.

    Of several workers only the first writes the output folder; the others' are scratch folders.

    Args:
      output: The output folder of the run.
    """
    return Path(os.environ.get(_SCRATCH) or output)


def report_ready() -> None:
    """Tells the process that started the workers that they are connected.

    It returns once that process has stopped its status message. It does nothing in a process that
    is no worker, and in every worker but the first.
    """
    if _READY_FILE in os.environ:
        file = Path(os.environ[_READY_FILE])
        file.touch()
        while file.exists():
            time.sleep(_POLL_SECONDS)


def train(arguments: Sequence[str], output: Path, count: int, console: Console) -> None:
    """Runs `tfp-vae train` in several processes, and waits for them.

    The first of them writes the output folder and to the terminal; the output of the others is
    dropped.

    Args:
      arguments: The arguments after `tfp-vae train`, without the output folder.
      output: The output folder.
      count: The number of processes.
      console: The console for messages.

    Raises:
      CommandError: If one of them fails, with its last line.
    """
    cluster = {"worker": [f"127.0.0.1:{port}" for port in _free_ports(count)]}
    with tempfile.TemporaryDirectory(prefix="tfp-vae-workers-") as scratch:
        ready_file = Path(scratch) / "ready"
        terminal = os.dup(2)
        running: list[subprocess.Popen[bytes]] = []
        try:
            for index in range(count):
                environment = {
                    **os.environ,
                    _CLUSTER: json.dumps(
                        {"cluster": cluster, "task": {"type": "worker", "index": index}}
                    ),
                    _SCRATCH: str(Path(scratch) / str(index)) if index else "",
                }
                if index == 0:
                    environment |= {TERMINAL: str(terminal), _READY_FILE: str(ready_file)}
                running.append(
                    _started(
                        [*arguments, "--output", str(output)],
                        environment,
                        _errors_of(scratch, index),
                        terminal if index == 0 else None,
                    )
                )
            with status(f"Starting {count} workers", console):
                while not ready_file.exists() and _none_has_ended(running):
                    time.sleep(_POLL_SECONDS)
            ready_file.unlink(missing_ok=True)
            _wait(running, scratch)
        except SystemExit:
            for process in running:
                process.send_signal(signal.SIGTERM)
            _wait(running, scratch)
            raise
        except KeyboardInterrupt:
            # The terminal interrupts the workers too, and the first one saves the model.
            with contextlib.suppress(subprocess.TimeoutExpired):
                running[0].wait(_SECONDS_TO_SAVE)
            raise
        finally:
            for process in running:
                process.kill()
                process.wait()
            os.close(terminal)


def _started(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    error_file: Path,
    terminal: int | None,
) -> subprocess.Popen[bytes]:
    """Starts a worker; only one that is given the terminal writes to standard output."""
    with error_file.open("wb") as errors:
        return subprocess.Popen(
            [sys.executable, "-m", "tfp_vae_cli", "train", *arguments],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL if terminal is None else None,
            stderr=errors,
            pass_fds=() if terminal is None else (terminal,),
        )


def _none_has_ended(running: Sequence[subprocess.Popen[bytes]]) -> bool:
    return all(process.poll() is None for process in running)


def _wait(running: Sequence[subprocess.Popen[bytes]], scratch: str) -> None:
    while True:
        done = all(process.poll() is not None for process in running)
        for index, process in enumerate(running):
            if process.poll():
                if process.returncode == TERMINATED:
                    # All are terminated then, and the first one saves the model.
                    running[0].wait()
                    fail(_last_line(scratch, 0), TERMINATED)
                worker = f"worker {index} of {len(running)}"
                if process.returncode < 0:
                    name = signal.Signals(-process.returncode).name
                    fail(
                        f"{worker} was killed by {name}; the same command with --resume continues "
                        "after the last saved epoch.",
                        BAD_DATA,
                    )
                fail(f"{worker}: {_last_line(scratch, index)}", process.returncode)
        if done:
            return
        time.sleep(_POLL_SECONDS)


def _end_with_parent() -> None:
    """Ends this process when its parent has ended, even by SIGKILL."""
    os.read(sys.stdin.fileno(), 1)
    os._exit(1)


def _last_line(scratch: str, index: int) -> str:
    lines = _errors_of(scratch, index).read_text(errors="replace").splitlines()
    last = next((line for line in reversed(lines) if line.strip()), "no message")
    return last.removeprefix("tfp-vae: ")


def _errors_of(scratch: str, index: int) -> Path:
    return Path(scratch) / f"{index}.stderr"


def _free_ports(count: int) -> list[int]:
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports
