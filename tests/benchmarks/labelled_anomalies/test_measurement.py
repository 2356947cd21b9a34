import json

import numpy as np
import pandas as pd
import pytest

from benchmarks.labelled_anomalies import measurement, methods, sources
from benchmarks.labelled_anomalies.sources import Source, Trial

RANDOM = np.random.default_rng(0)


def trial():
    """A table in which anomalies break the dependence of two numbers."""
    x = RANDOM.normal(size=300)
    frame = pd.DataFrame({"x": x, "y": x + 0.1 * RANDOM.normal(size=300), "w": ["a", "b"] * 150})
    strange = frame[200:].assign(y=frame["y"][200:] + np.where(x[200:] > 0.0, -2.0, 2.0))
    scored = pd.concat([frame[100:200], strange], ignore_index=True)
    return Trial(frame[:100], scored, np.arange(200) >= 100)


TRIAL = trial()
OTHERS = [name for name in methods.METHODS if name != methods.OURS]


@pytest.mark.parametrize("name", OTHERS)
def test_a_method_tells_plain_anomalies_from_normal_rows(name):
    found = measurement.figures(name, TRIAL)
    assert 0.8 < found["area"] <= 1.0
    assert found["seconds"] >= 0.0


class Model:
    """Gives every row the log density 1, and refuses rows with the word c."""

    def __init__(self, random_state):
        self.vae_ = self

    def fit(self, train):
        return self

    def encode(self, frame):
        if (frame["w"] == "c").any():
            raise ValueError("'c'")

    def score_samples(self, frame):
        self.encode(frame)
        return np.ones(len(frame))


def test_a_row_that_ours_refuses_is_the_strangest(monkeypatch):
    monkeypatch.setattr("tfp_vae.sklearn.TableVAE", Model)
    monkeypatch.setattr("tfp_vae.tables.rows_of", lambda vae, frame: vae.encode(frame))
    strangeness = methods.METHODS[methods.OURS]
    scored = TRIAL.scored.assign(w=["a"] * 150 + ["c"] * 50)
    found = strangeness(TRIAL.train, scored)
    np.testing.assert_array_equal(found[:150], -1.0)
    assert (found[150:] == np.finfo(np.float64).max).all()
    assert (strangeness(TRIAL.train, scored.assign(w="c")) == np.finfo(np.float64).max).all()
    assert measurement.figures(methods.OURS, TRIAL._replace(scored=scored))["area"] == 0.75


@pytest.mark.nightly
def test_ours_tells_plain_anomalies_from_normal_rows():
    assert measurement.figures(methods.OURS, TRIAL)["area"] > 0.9


@pytest.fixture
def runs(monkeypatch):
    """The methods that were run, by table."""
    made = []
    monkeypatch.setattr(
        measurement.sources, "SOURCES", {name: Source("l", ("1",), "bad") for name in "ab"}
    )
    monkeypatch.setattr(sources, "load", lambda name: name)
    monkeypatch.setattr(sources, "trial", lambda name, source: TRIAL)

    def figures(method, trial):
        made.append(method)
        return {"area": 0.5, "seconds": 1.0}

    monkeypatch.setattr(measurement, "figures", figures)
    monkeypatch.setattr(measurement, "PACKAGES", ("numpy",))
    return made


def test_what_is_stored_is_not_run_again(runs, tmp_path):
    measurement.measure(tmp_path, ["b"], ["TableVAE"], again=False)
    measurement.measure(tmp_path, ["b"], ["TableVAE", "OneClassSVM"], again=False)
    assert runs == ["TableVAE", "OneClassSVM"]
    measurement.measure(tmp_path, None, ["TableVAE"], again=True)
    assert runs[2:] == ["TableVAE", "TableVAE"]
    stored = json.loads((tmp_path / "anomalies.json").read_text())
    assert stored["machine"]
    assert stored["versions"] == {"numpy": np.__version__}
    assert list(stored["sets"]["b"]["methods"]) == ["TableVAE", "OneClassSVM"]
    sizes = {"train": 100, "normal": 100, "abnormal": 100, "columns": 3}
    assert sizes.items() <= stored["sets"]["a"].items()


def test_an_unknown_table_or_method_is_refused(runs, tmp_path):
    with pytest.raises(SystemExit, match="--sets: unknown c; known: a, b"):
        measurement.measure(tmp_path, ["c"], None, again=False)
    with pytest.raises(SystemExit, match="--methods: unknown GAN"):
        measurement.measure(tmp_path, None, ["GAN"], again=False)
