"""The programs of `tests.support.programs`, which tests run in processes of their own."""

import json
import os
import socket
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": os.pathsep.join(
        [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])],
    ),
}


def command(program, *arguments):
    """Returns the command that runs a program; it needs the variables of `ENVIRONMENT`."""
    return [sys.executable, "-m", f"tests.support.programs.{program}", *map(str, arguments)]


def free_ports(count):
    """Returns ports of this machine that no process listens at."""
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports


def cluster_environments(workers):
    """Returns the variables of every process of a cluster on this machine, in their order."""
    cluster = {"worker": [f"127.0.0.1:{port}" for port in free_ports(workers)]}
    tasks = [
        {"cluster": cluster, "task": {"type": "worker", "index": index}} for index in range(workers)
    ]
    return [{**ENVIRONMENT, "TF_CONFIG": json.dumps(task)} for task in tasks]
