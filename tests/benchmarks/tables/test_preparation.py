import numpy as np
import pandas as pd

from benchmarks.tables import preparation

FRAME = pd.DataFrame({"id": range(1000), "x": np.arange(1000) * 0.5, "w": list("abcde") * 200})


def test_rows_are_divided_at_random_and_none_twice():
    parts = preparation.divided(FRAME, 5000, 5000)
    assert [len(each) for each in parts] == [800, 200]
    assert sorted([*parts.train["id"], *parts.held_out["id"]]) == list(range(1000))
    assert parts.held_out.index.is_monotonic_increasing
    assert (np.diff(parts.held_out["id"]) > 1).any()
    assert preparation.divided(FRAME, 5000, 5000).held_out.equals(parts.held_out)


def test_no_part_has_more_rows_than_it_may():
    parts = preparation.divided(FRAME, 300, 50)
    assert [len(each) for each in parts] == [300, 50]
    assert not set(parts.train["id"]) & set(parts.held_out["id"])


def test_about_a_fifth_of_the_cells_of_the_columns_named_become_blank():
    frame = FRAME.assign(x=FRAME["x"].mask(FRAME.index < 100))
    blanked, hidden = preparation.with_blanks(frame, ["x", "w"])
    assert not hidden["id"].any()
    assert blanked["id"].equals(frame["id"])
    for name in ("x", "w"):
        # Five standard errors of a share of 1,000 are 0.063.
        assert abs((blanked[name].isna() & (frame.index >= 100)).mean() / 0.9 - 0.2) < 0.07
        known = blanked[name].notna()
        assert blanked.loc[known, name].tolist() == frame.loc[known, name].tolist()
        assert hidden[name].equals(blanked[name].isna() & frame[name].notna())
    assert frame["x"].isna().sum() == 100


def test_the_rows_that_a_function_takes_are_found():
    calls = []

    def take(frame):
        calls.append(len(frame))
        if (frame["id"] % 100 == 7).any():
            raise ValueError

    np.testing.assert_array_equal(preparation.taken(FRAME, take), FRAME["id"] % 100 != 7)
    assert len(calls) < 300
    assert preparation.taken(FRAME[:0], lambda _: None).shape == (0,)
