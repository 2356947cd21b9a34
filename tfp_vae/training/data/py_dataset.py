"""Batches of a `keras.utils.PyDataset`, prefetched by its workers."""

import collections
import itertools
from collections.abc import Iterable, Iterator
from concurrent import futures
from multiprocessing import get_context
from typing import Any

import keras


def epoch(data: keras.utils.PyDataset, order: Iterable[int] | None) -> Iterator[Any]:
    """Yields the batches of an epoch, and calls the epoch hooks of the dataset.

    Args:
      data: The dataset.
      order: The indices of the batches; None for 0, 1, 2, ... without end.
    """
    data.on_epoch_begin()
    yield from batches(data, order)
    data.on_epoch_end()


def batches(data: keras.utils.PyDataset, order: Iterable[int] | None) -> Iterator[Any]:
    """Yields batches, which are no epoch of training.

    Args:
      data: The dataset. With `workers` above 1, threads, or processes with
        `use_multiprocessing`, prefetch at most `max_queue_size` batches.
      order: The indices of the batches; None for 0, 1, 2, ... without end.
    """
    indices = itertools.count() if order is None else (int(index) for index in order)
    if data.workers > 1:
        yield from _prefetched(data, indices)
    else:
        yield from map(data.__getitem__, indices)


def _prefetched(data: keras.utils.PyDataset, indices: Iterator[int]) -> Iterator[Any]:
    with _executor(data) as executor:
        waiting = collections.deque(
            executor.submit(data.__getitem__, index)
            for index in itertools.islice(indices, max(1, data.max_queue_size))
        )
        try:
            while waiting:
                yield waiting.popleft().result()
                waiting.extend(
                    executor.submit(data.__getitem__, index)
                    for index in itertools.islice(indices, 1)
                )
        finally:
            for future in waiting:
                future.cancel()


def _executor(data: keras.utils.PyDataset) -> futures.Executor:
    if data.use_multiprocessing:
        return futures.ProcessPoolExecutor(data.workers, mp_context=get_context("spawn"))
    return futures.ThreadPoolExecutor(data.workers)
