"""Names the unreachable worker when a collective operation of TensorFlow fails."""

import contextlib
import socket
from collections.abc import Iterator

import tensorflow as tf

_SECONDS_TO_ANSWER = 2.0


class WorkerLostError(RuntimeError):
    """A worker is unreachable, so that the others cannot continue."""


@contextlib.contextmanager
def lost_worker_named(strategy: tf.distribute.Strategy) -> Iterator[None]:
    """Raises a WorkerLostError where a collective operation fails and a worker is unreachable.

    TensorFlow's coordination service aborts the collective operations of the others some seconds
    after a worker's last heartbeat. The address of a lost worker accepts no connection.

    Args:
      strategy: The strategy of the workers.

    Raises:
      WorkerLostError: If a worker is unreachable.
    """
    try:
        yield
    except (
        tf.errors.AbortedError,
        tf.errors.CancelledError,
        tf.errors.DeadlineExceededError,
        tf.errors.UnavailableError,
    ) as error:
        resolver = getattr(strategy, "cluster_resolver", None)
        if resolver is None:
            raise
        addresses = resolver.cluster_spec().as_dict().get("worker", [])
        gone = [
            index
            for index, address in enumerate(addresses)
            if index != resolver.task_id and not _accepts_connections(address)
        ]
        which = f"Worker {gone[0]}" if len(gone) == 1 else "A worker"
        raise WorkerLostError(
            f"{which} of {len(addresses)} is unreachable. Restart all workers; with "
            "`callbacks.Checkpoint`, training resumes from the last saved epoch."
        ) from error


def _accepts_connections(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=_SECONDS_TO_ANSWER).close()
    except (OSError, ValueError):
        return False
    return True
