"""Batches of a `keras.utils.PyDataset`, prepared ahead by the workers that it asks for."""

import collections
import itertools
from collections.abc import Iterable, Iterator
from concurrent import futures
from multiprocessing import get_context
from typing import Any

import keras


def batches(data: keras.utils.PyDataset, order: Iterable[int] | None) -> Iterator[Any]:
    """Yields the batches of an epoch, and tells the dataset when it begins and ends.

    Args:
      data: The dataset; with `workers` above 1, threads prepare batches ahead, or processes with
        `use_multiprocessing`, at most `max_queue_size` of them.
      order: The numbers of the batches; None for 0, 1, 2 and so on without end.
    """
    indices = itertools.count() if order is None else (int(index) for index in order)
    data.on_epoch_begin()
    if data.workers > 1:
        yield from _prepared_ahead(data, indices)
    else:
        yield from map(data.__getitem__, indices)
    data.on_epoch_end()


def _prepared_ahead(data: keras.utils.PyDataset, indices: Iterator[int]) -> Iterator[Any]:
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
