"""One sentence in the place of what TensorFlow says where one of several workers has died."""

import contextlib
import re
from collections.abc import Iterator

import tensorflow as tf


class WorkerLostError(RuntimeError):
    """A worker is gone, so that those which are left cannot go on."""


@contextlib.contextmanager
def told(strategy: tf.distribute.Strategy) -> Iterator[None]:
    """Tells of a worker that is gone, where workers reduce together.

    TensorFlow's coordination service asks every worker for a sign of life, and ends the collective
    operations of the others when one gives none for some seconds.

    Args:
      strategy: The strategy of the workers.

    Raises:
      WorkerLostError: If one does not answer.
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
        workers = len(resolver.cluster_spec().as_dict().get("worker", []))
        named = set(re.findall(r"/job:worker/(?:replica:\d+/)?task:(\d+)", error.message))
        others = sorted(named - {str(resolver.task_id)}, key=int)
        which = f"worker {others[0]}" if len(others) == 1 else "one of them"
        raise WorkerLostError(
            f"All {workers} workers must stay until the end, and {which} is gone: start all of "
            "them again; with the same callbacks.Checkpoint among the callbacks of `fit` the run "
            "goes on after the last epoch that was saved."
        ) from error
