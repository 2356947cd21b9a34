import json
import signal

import numpy as np
import pandas as pd
import pytest

from benchmarks.tables import settings, trial
from benchmarks.tables.time_limit import OutOfTimeError, time_limit

RANDOM = np.random.default_rng(0)
FRAME = pd.DataFrame(
    {
        "x": RANDOM.normal(size=60),
        "n": RANDOM.poisson(3.0, 60),
        "w": RANDOM.choice(["a", "b", "c"], 60),
        "flag": RANDOM.random(60) < 0.3,
    }
)
SMALL = settings.Settings("small", 2, 30, 6, 5, False, 300)


def failing(error):
    class Estimator:
        def __init__(self, **_):
            pass

        def fit(self, _):
            raise error

    return Estimator


def test_a_sentence_that_names_the_argument_is_a_refusal(monkeypatch):
    sentence = "`X` must have rows; got none."
    monkeypatch.setattr(trial, "TableVAE", failing(ValueError(sentence)))
    found = trial.run(FRAME, SMALL)
    assert found["outcome"] == "refused"
    assert (found["step"], found["reason"]) == ("fit", sentence)
    assert (found["rows"], found["columns"], found["settings"]) == (60, 4, "small")
    assert found["kinds"] == {"real": 1, "count": 1, "categorical": 1, "binary": 1}


@pytest.mark.parametrize(
    "error",
    [
        ValueError("shapes do not match"),
        RuntimeError("`X` must be good; got bad."),
        ValueError("`X` must be good;\ngot bad."),
        KeyError("x"),
    ],
)
def test_every_other_error_is_a_crash(monkeypatch, error):
    monkeypatch.setattr(trial, "TableVAE", failing(error))
    found = trial.run(FRAME, SMALL)
    assert found["outcome"] == "crashed"
    assert found["error"].startswith(type(error).__name__)
    assert "test_trial.py, line" in found["error"]


def test_an_infinite_number_is_refused_before_training():
    found = trial.run(FRAME.assign(x=np.inf), SMALL)
    assert (found["outcome"], found["step"]) == ("refused", "infer")
    assert "got inf in row 0 in column 'x'" in found["reason"]


def test_what_takes_too_long_ends(monkeypatch):
    monkeypatch.setattr(trial, "TableVAE", failing(OutOfTimeError()))
    assert trial.run(FRAME, SMALL)["outcome"] == "out of time"
    with pytest.raises(OutOfTimeError), time_limit(0.01):
        signal.pause()
    with time_limit(1000.0):
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 900.0
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0.0


def test_a_budget_of_steps_is_at_least_an_epoch():
    assert settings.QUICK.epochs(500) == 2
    assert settings.QUICK.epochs(100_000) == 1
    assert settings.THOROUGH.epochs(124) == 1000


@pytest.mark.nightly
def test_a_small_table_is_without_fault():
    found = trial.run(FRAME, SMALL)
    assert found["outcome"] == "clean"
    assert (found["held_out"], found["not_taken"]) == (6, 0)
    assert found["imputation_error"] > 0.0
    assert found["nats"] < 0.0
    assert json.loads(json.dumps(found, allow_nan=False)) == found
