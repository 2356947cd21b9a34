import json
import subprocess

import numpy as np
import pandas as pd
import pytest

from benchmarks.table_peers import measurement, methods

RANDOM = np.random.default_rng(0)
TABLE = pd.DataFrame({"x": RANDOM.normal(size=50), "w": RANDOM.choice(["a", "b"], 50)})


@pytest.fixture
def runs(monkeypatch):
    """The methods that were run, by table."""
    made = []

    def run(name, trial, folder):
        made.append((name, len(trial.task.train)))
        if name == "CTGAN":
            raise subprocess.TimeoutExpired("python", 1.0)
        if name == "TVAE":
            raise RuntimeError("a script failed:\n  with a reason")
        return {"marginals": 0.5, "versions": {"numpy": "2"}}

    monkeypatch.setattr(measurement.choice, "tables", lambda: {"p/a": TABLE, "p/b": TABLE[:40]})
    monkeypatch.setattr(measurement.methods, "run", run)
    return made


def test_what_is_stored_is_not_run_again(runs, tmp_path):
    measurement.measure(tmp_path, tmp_path, ["p/b"], ["TableVAE"], again=False)
    assert runs == [("TableVAE", 32)]
    measurement.measure(tmp_path, tmp_path, None, ["TableVAE", "KNNImputer"], again=False)
    assert runs[1:] == [("TableVAE", 40), ("KNNImputer", 40), ("KNNImputer", 32)]
    measurement.measure(tmp_path, tmp_path, ["p/a"], ["TableVAE"], again=True)
    assert runs[4:] == [("TableVAE", 40)]


def test_figures_and_errors_are_stored_with_the_table(runs, tmp_path):
    measurement.measure(tmp_path, tmp_path, ["p/a"], None, again=False)
    stored = json.loads((tmp_path / "tables-peers.json").read_text())
    assert stored["machine"]
    assert stored["of_all"] == ["p/a", "p/b"]
    assert stored["versions"] == {"numpy": "2"}
    (found,) = stored["sets"].values()
    assert (found["train"], found["held_out"], found["numbers"], found["words"]) == (40, 10, 1, 1)
    assert list(found["methods"]) == list(methods.NAMES)
    assert found["methods"]["TableVAE"] == {"marginals": 0.5}
    assert found["methods"]["CTGAN"] == {"error": "more than 900 seconds"}
    error = "RuntimeError: a script failed: with a reason"
    assert found["methods"]["TVAE"] == {"error": error}


def test_an_unknown_table_or_method_is_refused(runs, tmp_path):
    with pytest.raises(SystemExit, match="--sets: unknown p/c"):
        measurement.measure(tmp_path, tmp_path, ["p/c"], None, again=False)
    with pytest.raises(SystemExit, match="--methods: unknown GAN"):
        measurement.measure(tmp_path, tmp_path, None, ["GAN"], again=False)
