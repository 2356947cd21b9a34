import datetime

import numpy as np
import pandas as pd
import pytest

from benchmarks.tables import faults
from tfp_vae.tables import ImputedFrame, Schema

RANDOM = np.random.default_rng(0)
ROWS = 100
FRAME = pd.DataFrame(
    {
        "name": [f"n{at}" for at in range(ROWS)],
        "same": 3,
        "real": RANDOM.normal(size=ROWS),
        "grams": RANDOM.gamma(3.0, size=ROWS) + 0.1,
        "share": RANDOM.random(ROWS),
        "children": RANDOM.poisson(2.0, ROWS),
        "word": RANDOM.choice(["a", "b", "c"], ROWS),
        "flag": RANDOM.random(ROWS) < 0.5,
        "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(RANDOM.integers(0, 300, ROWS), "D"),
        "date": [datetime.date(2024, 1, 1 + at % 28) for at in range(ROWS)],
    }
)
SCHEMA = Schema.infer(FRAME)
DRAWS = FRAME.drop(columns="name")


def test_there_are_no_faults_in_values_of_the_table():
    assert faults.of_schema(SCHEMA, FRAME) == []
    assert faults.of_draws(SCHEMA, FRAME, DRAWS) == []


WRONG = {
    "grams": ([-1.0], "-1 is too low for positive"),
    "share": ([1.5], "1.5 is no proportion"),
    "children": ([-2], "-2 is too low for count"),
    "word": (["d"], "some are no category"),
    "flag": ([None], "some are blank"),
    "day": ([pd.NaT], "some are blank"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_value_among_draws_is_named(name):
    values, words = WRONG[name]
    wrong = pd.Series([*values, *DRAWS[name][1:]])
    found = faults.of_draws(SCHEMA, FRAME, DRAWS.assign(**{name: wrong}))
    assert any(name in each and words in each for each in found)


def test_an_infinite_draw_is_an_error_of_the_schema():
    with pytest.raises(ValueError, match="finite number, or a blank in column 'real'"):
        faults.of_draws(SCHEMA, FRAME, DRAWS.assign(real=np.inf))


def test_a_fraction_among_whole_numbers_and_another_dtype_are_named():
    found = faults.of_draws(SCHEMA, FRAME, DRAWS.assign(children=DRAWS["children"] + 0.5))
    assert "draws of 'children' are float64, not int64" in found
    assert "draws of 'children': some are not whole" in found


def test_columns_that_are_missing_or_too_many_are_named():
    for wrong in (DRAWS.drop(columns="day"), FRAME, DRAWS[DRAWS.columns[::-1]]):
        (found,) = faults.of_draws(SCHEMA, FRAME, wrong)
        assert found.startswith("draws have the columns")


def imputed(filled, blanked, /, **others):
    nothing = pd.DataFrame(np.nan, index=blanked.index, columns=SCHEMA.names)
    sizes = pd.Series([5.0], index=blanked.index[:1])
    found = ImputedFrame(filled, [filled], filled, filled, nothing, sizes)
    return found._replace(**others)


@pytest.fixture
def blanked():
    return FRAME.assign(**{name: FRAME[name].mask(FRAME.index < 5) for name in SCHEMA.names})


def test_blanks_filled_with_values_of_the_table_are_no_fault(blanked):
    assert faults.of_imputation(SCHEMA, FRAME, blanked, imputed(FRAME, blanked)) == []


def test_what_is_wrong_with_an_imputation_is_named(blanked):
    def of(**others):
        return faults.of_imputation(SCHEMA, FRAME, blanked, imputed(FRAME, blanked, **others))

    changed = FRAME.assign(real=FRAME["real"] + (FRAME.index == 50))
    assert of(filled=changed) == ["filled: a known cell of 'real' has changed"]
    assert of(draws=[changed]) == ["draw 0: a known cell of 'real' has changed"]
    still_blank = FRAME.assign(grams=blanked["grams"])
    assert of(filled=still_blank) == ["filled: 'grams': some are blank"]
    low = FRAME.assign(children=FRAME["children"].mask(FRAME.index < 1, -1))
    assert of(filled=low)[-1] == "filled: 'children': -1 is too low for count"
    high = FRAME.assign(real=FRAME["real"] + (FRAME.index < 5))
    assert of(lower=high) == ["an interval of 'real' is upside down"]
    assert of(effective_sample_size=pd.Series([np.nan])) == [
        "an effective sample size is not finite"
    ]
    (columns,) = of(filled=FRAME.drop(columns="name"))
    assert columns == "filled: the columns or the index are not those of the frame"
    other = FRAME.assign(real=FRAME["real"].astype("float32").astype(object))
    assert any("'real' is object, not float64" in each for each in of(filled=other))


def test_scores_and_explanations_that_are_not_finite_are_named():
    assert faults.of_scores(np.zeros(3), 3) == []
    assert faults.of_scores(np.zeros(2), 3) == ["scores have the shape [2], not [3]"]
    assert faults.of_scores(np.array([0.0, -np.inf]), 2) == ["1 of 2 scores are not finite"]
    row = FRAME[:1].assign(real=np.nan)
    good = pd.DataFrame(-1.0, index=[0], columns=SCHEMA.names).assign(real=np.nan)
    assert faults.of_explanation(good, row) == []
    assert faults.of_explanation(good.assign(real=0.0), row)
    assert faults.of_explanation(good.assign(grams=np.nan), row)
