import numpy as np
import pandas as pd
import pytest

from benchmarks.tables import measures
from tfp_vae.tables import Schema

RANDOM = np.random.default_rng(0)
FRAME = pd.DataFrame({"x": RANDOM.normal(size=60), "w": RANDOM.choice(["a", "a", "b"], 60)})
SCHEMA = Schema.infer(FRAME)
ALL = pd.DataFrame(True, index=FRAME.index, columns=FRAME.columns)


def test_the_simplest_imputation_has_an_error_of_one_and_the_truth_none():
    simple = FRAME.assign(x=FRAME["x"].mean(), w="a")
    assert measures.imputation_error(SCHEMA, FRAME, FRAME, simple, ALL) == pytest.approx(1.0)
    assert measures.imputation_error(SCHEMA, FRAME, FRAME, FRAME, ALL) == 0.0
    half = FRAME.assign(w="a")
    assert measures.imputation_error(SCHEMA, FRAME, FRAME, half, ALL) == pytest.approx(0.5)


def test_only_the_cells_that_had_been_hidden_count():
    hidden = ALL & False
    assert measures.imputation_error(SCHEMA, FRAME, FRAME, FRAME, hidden) is None
    hidden.loc[:9, "x"] = True
    wrong = FRAME.assign(x=FRAME["x"].mask(FRAME.index >= 10, 100.0), w="b")
    assert measures.imputation_error(SCHEMA, FRAME, FRAME, wrong, hidden) == 0.0
