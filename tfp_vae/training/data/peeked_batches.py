"""An iterator of batches, of which some are looked at before they are taken."""

import collections
from collections.abc import Iterator
from typing import Any


class PeekedBatches(Iterator[Any]):
    """An iterator whose first batches can be read without being lost.

    Args:
      batches: The iterator.
      wanted: The most batches that are taken in all; None if that is unknown.
    """

    def __init__(self, batches: Iterator[Any], wanted: int | None = None) -> None:
        self._batches, self._wanted = batches, wanted
        self._peeked: collections.deque[Any] = collections.deque()

    def __next__(self) -> Any:
        return self._peeked.popleft() if self._peeked else next(self._batches)

    def peek(self) -> Iterator[Any]:
        """Yields the first batches, at most as many as will be taken; each is taken later, too."""
        while self._wanted is None or len(self._peeked) < self._wanted:
            try:
                batch = next(self._batches)
            except StopIteration:
                return
            self._peeked.append(batch)
            yield batch
