"""Which rows of a global batch the current replica computes.

Inside `shard_scope`, random numbers for rows are those that the rows have in the global batch, and
sums over rows are reduced over all replicas. The replicas together then compute what one process
would.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent import futures
from typing import NamedTuple, TypeVar

import tensorflow as tf

Result = TypeVar("Result")


class BatchShard(NamedTuple):
    """Consecutive rows of a global batch.

    Attributes:
      first_row: The index of the first of them in the global batch, an integer scalar.
      global_batch_size: The number of rows of the global batch, an integer scalar.
    """

    first_row: int | tf.Tensor
    global_batch_size: int | tf.Tensor


class _Current(threading.local):
    shard: BatchShard | None = None


_current = _Current()


def current_shard() -> BatchShard | None:
    """Returns the shard of the current replica, or None for a whole batch."""
    return _current.shard


@contextlib.contextmanager
def shard_scope(shard: BatchShard) -> Iterator[None]:
    """Makes `shard` the current one inside the block, in this thread: each replica has its own."""
    outer = _current.shard
    _current.shard = shard
    try:
        yield
    finally:
        _current.shard = outer


def all_reduce_sum(sums: Sequence[tf.Tensor]) -> Sequence[tf.Tensor]:
    """Returns sums over the rows of the global batch, given the sums over the current shard."""
    context = tf.distribute.get_replica_context()
    if _current.shard is None or context is None or context.num_replicas_in_sync == 1:
        return sums
    reduced: Sequence[tf.Tensor] = context.all_reduce(tf.distribute.ReduceOp.SUM, list(sums))
    return reduced


def outside_strategy(function: Callable[[], Result]) -> Result:
    """Returns the result of a function whose variables belong to no strategy.

    Inside the scope of a `tf.distribute.Strategy` it runs in a thread of its own, to which the
    scope does not extend.
    """
    if not tf.distribute.has_strategy():
        return function()
    with futures.ThreadPoolExecutor(max_workers=1) as executor:
        return executor.submit(function).result()
