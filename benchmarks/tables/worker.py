"""A process in which tables are run: its memory ends with it, and so does what kills it."""

import concurrent.futures
import multiprocessing
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from benchmarks.tables import sources, trial
from benchmarks.tables.settings import Settings

_TABLES = 25
"""TensorFlow keeps some 30 MB of every table that was run."""


class Worker:
    """Runs tables in another process, a new one after every 25 and after one that died."""

    def __init__(self) -> None:
        self._pool = _pool()

    def run(self, name: str, settings: Settings) -> dict[str, Any]:
        """Returns what `trial.run` finds out of the table "package/item"."""
        try:
            return self._pool.submit(run_table, name, settings).result()
        except BrokenProcessPool:
            self.close()
            self._pool = _pool()
            return {
                "outcome": "crashed",
                "error": "the process ended, as it does where memory ends",
                "settings": settings.name,
                "seconds": 0.0,
            }

    def close(self) -> None:
        """Ends the process."""
        self._pool.shutdown()


def run_table(name: str, settings: Settings) -> dict[str, Any]:
    """Reads a table and runs it."""
    frame = sources.load(name)
    assert frame is not None
    return trial.run(frame, settings)


def _pool() -> concurrent.futures.ProcessPoolExecutor:
    context = multiprocessing.get_context("spawn")
    return concurrent.futures.ProcessPoolExecutor(1, context, max_tasks_per_child=_TABLES)
