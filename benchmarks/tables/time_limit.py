"""An end to what takes too long."""

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType


class OutOfTimeError(Exception):
    """What was measured took longer than it may."""


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raises an `OutOfTimeError` in the main thread once so many seconds have passed."""

    def stop(number: int, frame: FrameType | None) -> None:
        del number, frame
        raise OutOfTimeError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
