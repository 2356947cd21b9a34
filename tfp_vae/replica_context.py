"""The share of a batch that one of several replicas works on.

Inside `taking`, what draws a number for every row draws those of its rows in the whole batch, and
what sums over rows sums over those of all replicas, so that the replicas together compute what one
process would.
"""

import contextlib
import threading
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import tensorflow as tf

_current = threading.local()


class Share(NamedTuple):
    """Some consecutive rows of a batch.

    Attributes:
      first_row: The place of the first of them in the whole batch, an integer scalar.
      batch_rows: How many rows the whole batch has, an integer scalar.
    """

    first_row: Any
    batch_rows: Any


def current() -> Share | None:
    """Returns the share that is being worked on, or None for a whole batch."""
    return getattr(_current, "share", None)


@contextlib.contextmanager
def taking(share: Share) -> Iterator[None]:
    """Works on a share, in this thread; every replica has one of its own."""
    outer = current()
    _current.share = share
    try:
        yield
    finally:
        _current.share = outer


def sums_over_batch(sums: Sequence[tf.Tensor]) -> Sequence[tf.Tensor]:
    """Returns sums over the rows of the whole batch, given those over the rows at hand."""
    context = tf.distribute.get_replica_context()
    if current() is None or context is None or context.num_replicas_in_sync == 1:
        return sums
    return context.all_reduce(tf.distribute.ReduceOp.SUM, list(sums))
