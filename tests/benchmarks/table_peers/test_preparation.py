import numpy as np
import pandas as pd

from benchmarks.table_peers import preparation

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=1000)
FRAME = pd.DataFrame({"x": X, "twice": 2.0 * X, "w": np.where(X > 0.0, "a", "b")})


def test_a_fifth_is_held_out_and_as_many_anomalies_are_scored():
    trial = preparation.trial(FRAME)
    assert len(trial.task.train) == 800
    assert len(trial.held_out) == 200
    assert trial.task.scored[:200].equals(trial.held_out)
    assert trial.anomalous.tolist() == [False] * 200 + [True] * 200
    assert not set(trial.held_out["x"]) & set(trial.task.train["x"])
    assert len(preparation.trial(pd.concat([FRAME] * 5)).held_out) == 500


def test_the_blanks_are_those_that_are_hidden():
    trial = preparation.trial(FRAME)
    blanked = trial.task.blanked
    assert (blanked.isna() == trial.hidden).all(axis=None)
    # A share of 600 cells, five standard errors around a fifth.
    assert abs(trial.hidden.to_numpy().mean() - 0.2) < 0.082
    kept = blanked.notna()
    assert blanked.where(kept, 0).equals(trial.held_out.where(kept, 0))


def test_held_out_rows_with_a_word_that_no_training_row_has_are_left_out():
    held_out = preparation.trial(FRAME).held_out
    odd = FRAME.assign(w=FRAME["w"].mask(FRAME["x"].isin(held_out["x"][:3]), "odd"))
    found = preparation.trial(odd)
    assert found.held_out["x"].tolist() == held_out["x"][3:].tolist()
    assert "odd" not in set(found.task.scored["w"])
    assert len(found.task.scored) == 394


def test_anomalies_have_the_values_of_the_columns_but_not_their_dependence():
    found = preparation.anomalies(FRAME, 500)
    assert len(found) == 500
    assert set(found["x"]) <= set(FRAME["x"])
    assert set(found["twice"]) <= set(FRAME["twice"])
    # The standard deviation of a correlation of 500 independent pairs is 0.045.
    assert abs(found["x"].corr(found["twice"])) < 0.23
    assert preparation.anomalies(FRAME, 500).equals(found)
    assert not preparation.anomalies(FRAME, 500, seed=1).equals(found)
