import json

import numpy as np
import pytest

from benchmarks.defaults import measurement, real_data
from benchmarks.defaults.scores import Score

X = np.random.default_rng(0).normal(size=[100, 6])


@pytest.fixture
def calls(monkeypatch):
    """The methods that were called; the first set has normal rows, the second is refused."""
    made = []

    def method(name):
        def score(data, latents, discrete):
            made.append(name)
            if name == "broken":
                raise ValueError("no")
            assert latents == 2
            assert not discrete.any()
            return Score(np.arange(20.0), discrete, data.x_test, 1.0)

        return score

    monkeypatch.setattr(
        measurement, "methods_in", lambda _: {name: method(name) for name in ("a", "broken", "c")}
    )
    monkeypatch.setattr(real_data, "load", lambda _: ({"one/x": X, "two": X}, ["nothing"]))
    return made


def measure(folder, sets=None, methods=None, again=False):
    measurement.measure(folder / "mnist.npz", folder, folder, sets, methods, again)


def stored(folder, name):
    return json.loads((folder / f"{name}.json").read_text())


@pytest.mark.nightly
def test_what_is_stored_is_not_measured_again(calls, tmp_path):
    measure(tmp_path, sets=["one/x"], methods=["a"])
    assert calls == ["a"]
    measure(tmp_path, sets=["one/x"])
    assert calls == ["a", "broken", "c"]
    measure(tmp_path, sets=["one/x"])
    assert calls == ["a", "broken", "c"]
    measure(tmp_path, sets=["one/x"], methods=["c"], again=True)
    assert calls == ["a", "broken", "c", "c"]
    assert list(stored(tmp_path, "one-x")["methods"]) == ["a", "broken", "c"]
    assert not (tmp_path / "two.json").exists()


@pytest.mark.nightly
def test_the_figures_of_a_set_are_stored(calls, tmp_path):
    measure(tmp_path, methods=["a"])
    found = stored(tmp_path, "two")
    assert found["rows"] == {"train": 70, "validation": 10, "held out": 20}
    assert (found["columns"], found["columns_on_a_grid"], found["latents"]) == (6, 0, 2)
    figures = found["methods"]["a"]
    assert figures["log_p"] == 9.5
    assert figures["standard_error"] == pytest.approx(np.std(np.arange(20), ddof=1) / 20**0.5)
    assert figures["reconstruction"] == 0.0
    assert (figures["measure"], figures["log_steps"]) == ("density", 0.0)
    rows = np.array(figures["log_p_of_rows"].split(), float)
    np.testing.assert_array_equal(rows, np.arange(20.0))


@pytest.mark.nightly
def test_a_failure_is_stored_and_the_rest_is_measured(calls, tmp_path):
    measure(tmp_path)
    methods = stored(tmp_path, "two")["methods"]
    assert methods["broken"]["error"] == "ValueError: no"
    assert "log_p" in methods["c"]


@pytest.mark.nightly
def test_an_unknown_set_or_method_is_refused(calls, tmp_path):
    with pytest.raises(SystemExit, match="--sets: unknown three; known: one/x, two"):
        measure(tmp_path, sets=["three"])
    with pytest.raises(SystemExit, match="--methods: unknown z; known: a, broken, c"):
        measure(tmp_path, methods=["z"])


def test_a_third_of_the_columns_are_latents():
    sizes = [measurement.latents(np.zeros([1, columns])) for columns in (3, 9, 30, 48, 500)]
    assert sizes == [2, 3, 10, 16, 16]
