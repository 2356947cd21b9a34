import json

import pytest

from benchmarks.tables import measurement, settings, store
from benchmarks.tables.settings import QUICK, THOROUGH


@pytest.fixture
def runs(monkeypatch):
    """The settings and names of the tables that were run."""
    made = []

    class Worker:
        def run(self, name, budget):
            made.append((budget.name, name))
            return {"outcome": "clean", "seconds": 1.0, "settings": budget.name}

        def close(self):
            pass

    monkeypatch.setattr(measurement.sources, "names", lambda: ["p/a", "p/b"])
    monkeypatch.setattr(measurement.worker, "Worker", Worker)
    return made


def test_what_is_stored_is_not_run_again_but_more_thoroughly(runs, tmp_path):
    measurement.measure(tmp_path, ["p/b"], QUICK, again=False)
    assert runs == [("quick", "p/b")]
    measurement.measure(tmp_path, None, QUICK, again=False)
    assert runs == [("quick", "p/b"), ("quick", "p/a")]
    measurement.measure(tmp_path, ["p/a"], THOROUGH, again=False)
    measurement.measure(tmp_path, None, QUICK, again=False)
    assert runs[2:] == [("thorough", "p/a")]
    measurement.measure(tmp_path, ["p/a"], QUICK, again=True)
    assert runs[3:] == [("quick", "p/a")]


def test_each_table_has_a_line_of_the_file(runs, tmp_path):
    measurement.measure(tmp_path, None, QUICK, again=False)
    text = (tmp_path / "tables.json").read_text()
    assert [line.split(":")[0].strip() for line in text.splitlines() if '"p/' in line] == [
        '"p/a"',
        '"p/b"',
    ]
    found = json.loads(text)
    assert found["of_all"] == 2
    assert found["settings"]["quick"]["steps"] == settings.QUICK.steps
    assert found["sets"] == store.read(tmp_path)
    assert store.read(tmp_path / "none") == {}


def test_an_unknown_table_is_refused(runs, tmp_path):
    with pytest.raises(SystemExit, match="--sets: unknown p/c"):
        measurement.measure(tmp_path, ["p/a", "p/c"], QUICK, again=False)
