import os

import pytest

from benchmarks.tables import worker
from benchmarks.tables.settings import QUICK


def dying(name, settings):
    os._exit(3)


@pytest.mark.nightly
def test_a_process_that_dies_is_a_crash_and_the_next_table_has_another(monkeypatch):
    process = worker.Worker()
    monkeypatch.setattr(worker, "run_table", dying)
    found = process.run("p/a", QUICK)
    assert found["outcome"] == "crashed"
    assert found["settings"] == "quick"
    monkeypatch.setattr(worker, "run_table", divmod)
    assert process.run(7, 4) == (1, 3)
    process.close()
