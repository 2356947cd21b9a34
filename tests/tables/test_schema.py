"""Schemas: the kind of each column, arrays of frames, and frames of arrays."""

import json
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tables.frames_for_tests import KINDS, ROWS, every_kind
from tfp_vae.tables import Kind, Schema

FRAME = every_kind()


@pytest.fixture(scope="module")
def schema():
    return Schema.infer(FRAME)


@pytest.mark.parametrize("name", KINDS)
def test_the_kind_of_every_column_is_found(schema, name):
    assert str(schema[name].kind) == KINDS[name]
    assert schema[name].reason


def test_identifiers_and_constants_are_left_out_and_said_to_be(schema):
    left_out = {name for name, kind in KINDS.items() if kind in ("identifier", "constant")}
    assert set(schema.names) == set(FRAME.columns) - left_out
    lines = {line.split("  ")[0]: line for line in str(schema).splitlines()}
    assert all("left out: " in lines[name] for name in left_out)
    assert not any("left out: " in lines[name] for name in schema.names)


def test_a_frame_comes_back_as_it_was(schema):
    back = schema.decode(schema.encode(FRAME))
    kept = [name for name in FRAME.columns if KINDS[name] != "identifier"]
    pd.testing.assert_frame_equal(back, FRAME[kept], check_exact=True, check_freq=False)


def test_the_array_has_nan_where_a_cell_is_blank_and_only_there(schema):
    x = schema.encode(FRAME)
    assert x.dtype == np.float64
    np.testing.assert_array_equal(np.isnan(x), FRAME[schema.names].isna())
    assert schema["decimals"].blanks == int(FRAME["decimals"].isna().sum())


def test_a_config_of_json_makes_an_equal_schema(schema):
    text = json.dumps(schema.get_config(), allow_nan=False)
    again = Schema.from_config(json.loads(text))
    assert again == schema
    np.testing.assert_array_equal(again.encode(FRAME), schema.encode(FRAME))
    pd.testing.assert_frame_equal(
        again.decode(schema.encode(FRAME)), schema.decode(schema.encode(FRAME))
    )


def test_draws_are_rounded_to_what_a_column_can_hold(schema):
    draws = np.random.default_rng(1).normal(scale=50.0, size=[30, len(schema.names)])
    frame = schema.decode(draws)
    assert (frame["grams"] % 25 == 0).all()
    assert frame["share"].between(0.0, 1.0).all()
    assert (frame["children"] >= 0).all()
    assert frame["decimals"].min() >= FRAME["decimals"].min()
    assert frame["small"].dtype == "int8"
    assert set(frame["words"]) <= {"red", "green", "blue"}
    assert pd.to_datetime(frame["written"], format="%d.%m.%Y").notna().all()
    np.testing.assert_array_equal(frame["decimals"], frame["decimals"].round(1))


def test_blanks_of_an_array_become_blanks_of_the_frame(schema):
    frame = schema.decode(np.full([2, len(schema.names)], np.nan))
    assert frame[schema.names].isna().all().all()
    assert (frame["same"] == 7).all()


def test_columns_are_found_by_name_in_any_order_and_those_left_out_may_be_missing(schema):
    shuffled = FRAME[FRAME.columns[::-1]].drop(columns=["id", "same"])
    np.testing.assert_array_equal(schema.encode(shuffled), schema.encode(FRAME))


def test_the_index_of_a_frame_is_no_column():
    index = pd.MultiIndex.from_product([range(ROWS // 2), ["a", "b"]])
    indexed = FRAME.set_axis(index, axis=0)
    assert Schema.infer(indexed) == Schema.infer(FRAME)
    assert Schema.infer(FRAME).decode(np.zeros([2, 25]), index=["a", "b"]).index.tolist() == [
        "a",
        "b",
    ]


def test_a_kind_can_be_given(schema):
    given = Schema.infer(
        FRAME, kinds={"rating": "count", "name": "constant"} | {"name": "identifier"}
    )
    assert given["rating"].kind is Kind.COUNT
    assert given["rating"].reason == "given"
    assert given["children"] == schema["children"]


def test_ten_thousand_words_are_left_out():
    frame = pd.DataFrame(
        {"word": [f"w{i % 10_000}" for i in range(30_000)], "x": np.arange(30_000) * 0.5}
    )
    schema = Schema.infer(frame)
    assert schema["word"].kind is Kind.IDENTIFIER
    assert "10,000 different texts" in schema["word"].reason


def test_numbers_that_float32_cannot_hold_get_a_unit_and_an_origin():
    values = np.random.default_rng(0).normal(size=200)
    frame = pd.DataFrame({"far": values + 1e7, "large": values * 1e30, "small": values * 1e-20})
    schema = Schema.infer(frame)
    x = schema.encode(frame)
    assert np.abs(x).max() < 100.0
    assert x.std(axis=0).min() > 0.1
    pd.testing.assert_frame_equal(schema.decode(x), frame, rtol=1e-12)
    assert "units of 1e+" in str(schema)


_WRONG_FRAMES = {
    "no frame": (lambda: [1, 2], TypeError, r"`frame` must be a data frame; got \[1, 2\]"),
    "one row": (lambda: FRAME[:1], ValueError, "must have at least two rows .* got 1"),
    "no rows": (lambda: FRAME[:0], ValueError, "must have at least two rows .* got 0"),
    "one name twice": (
        lambda: pd.DataFrame(np.eye(3), columns=["a", "b", "a"]),
        ValueError,
        "different name for each column; got 'a' 2 times",
    ),
    "names of two levels": (
        lambda: pd.DataFrame(np.eye(2), columns=pd.MultiIndex.from_tuples([("a", 1), ("a", 2)])),
        ValueError,
        "got 2 levels of names",
    ),
    "infinite": (
        lambda: FRAME.assign(real=[*[0.5] * 4, math.inf, *[1.5] * (ROWS - 5)]),
        ValueError,
        "finite numbers or blanks; got inf in row 4 in column 'real'",
    ),
    "mixed": (
        lambda: FRAME.assign(words=["red", 3] * (ROWS // 2)),
        TypeError,
        "values of one type in a column; got int and str, such as 3 and 'red', in column 'words'",
    ),
    "complex": (
        lambda: FRAME.assign(real=1j),
        TypeError,
        "real numbers; got complex128 in column 'real'",
    ),
    "lists": (
        lambda: FRAME.assign(words=[[1]] * ROWS),
        TypeError,
        "got values of type list in column 'words'",
    ),
    "nothing to model": (
        lambda: FRAME[["id", "same", "empty"]],
        ValueError,
        "must hold a column to model; got none but constants",
    ),
}


@pytest.mark.parametrize("name", _WRONG_FRAMES)
def test_a_frame_without_a_schema_is_refused(name):
    make, kind, message = _WRONG_FRAMES[name]
    with pytest.raises(kind, match=message):
        Schema.infer(make())


_WRONG_CELLS = {
    "an unknown category": (
        lambda: FRAME.assign(words=["red"] * (ROWS - 1) + ["pink"]),
        "one of its 3 categories, 'blue', 'green', 'red', or a blank in column 'words'; got 'pink' "
        f"in row {ROWS - 1}",
    ),
    "a missing column": (lambda: FRAME.drop(columns="real"), "it lacks 'real'"),
    "a new column": (lambda: FRAME.assign(new=1), "got another one, 'new'"),
    "a word among numbers": (
        lambda: FRAME.assign(decimals="many"),
        "a finite number, or a blank in column 'decimals'; got 'many' in row 0",
    ),
    "an infinite number": (lambda: FRAME.assign(real=-math.inf), "column 'real'; got -inf"),
    "another constant": (lambda: FRAME.assign(same=8), "its constant 7, .* 'same'; got 8"),
    "another way to write a date": (
        lambda: FRAME.assign(written="2024-01-31"),
        r"date or time written %d.%m.%Y, or a blank in column 'written'; got '2024-01-31'",
    ),
    "no date": (lambda: FRAME.assign(day="soon"), "column 'day'; got 'soon'"),
}


@pytest.mark.parametrize("name", _WRONG_CELLS)
def test_a_cell_that_does_not_belong_names_its_column(schema, name):
    make, message = _WRONG_CELLS[name]
    with pytest.raises(ValueError, match=message):
        schema.encode(make())


@pytest.mark.parametrize(
    ("kinds", "message"),
    [
        ({"real": "count"}, "got count for column 'real', which holds -"),
        ({"real": "number"}, "`kinds` must be one of 'real'"),
        ({"age": "real"}, "`kinds` must name a column, one of 'id'"),
        ({"words": "real"}, "got real for column 'words', which holds '"),
        ({"words": "binary"}, "which holds 3 different values"),
        ({"words": "date"}, "which is in no known format of dates"),
        ({"words": "constant"}, "which holds 3 different values"),
        ({"empty": "real"}, "no value in any row"),
        ({"grams": "proportion"}, "which holds [0-9]"),
        ({"float32": "positive"}, "which holds -"),
        ({"same": "categorical"}, "one value in every row"),
    ],
)
def test_a_kind_that_does_not_suit_is_refused(kinds, message):
    with pytest.raises(ValueError, match=message):
        Schema.infer(FRAME, kinds=kinds)


def test_an_array_of_other_columns_is_refused(schema):
    with pytest.raises(ValueError, match=r"`x` must have shape \[rows, 25\]; got shape \[3, 2\]"):
        schema.decode(np.zeros([3, 2]))
    with pytest.raises(
        ValueError, match="must name a column of the model; got 'id', which is left out, as identif"
    ):
        schema.index("id")


@given(
    st.lists(st.integers(-(2**31), 2**31), min_size=2, max_size=30),
    st.integers(0, 4),
    st.sampled_from(["float64", "Float64", "object"]),
)
def test_decimal_numbers_come_back_exactly(numbers, decimals, dtype):
    values = pd.Series([round(each / 10**decimals, decimals) for each in numbers], dtype=dtype)
    frame = pd.DataFrame({"x": values, "y": np.arange(len(values)) * 1.5})
    schema = Schema.infer(frame)
    pd.testing.assert_series_equal(
        schema.decode(schema.encode(frame))["x"],
        frame["x"],
        check_exact=True,
        check_dtype=dtype != "object",
    )


@pytest.mark.parametrize("dtype", ["float64", "float32", "Float64"])
@pytest.mark.parametrize("beside", [9.899999, np.float64(np.float32(9.9)), 9.900000000000002])
def test_a_few_numbers_beside_the_grid_do_not_spoil_its_decimals(beside, dtype):
    numbers = np.arange(100, 1500, 7) / 100.0
    numbers[[30, 150]] = beside, 9.9
    frame = pd.DataFrame({"x": pd.Series(numbers, dtype=dtype), "y": np.arange(200) * 1.5})
    schema = Schema.infer(frame)
    schema = Schema.from_config(json.loads(json.dumps(schema.get_config())))
    x = schema.encode(frame)
    pd.testing.assert_series_equal(schema.decode(x)["x"], frame["x"], check_exact=True)
    between = x + 0.0031
    nearest = np.round(frame["x"].to_numpy(np.float64) + 0.0031, 2)
    np.testing.assert_array_equal(schema.decode(between)["x"], pd.Series(nearest, dtype=dtype))


@pytest.mark.parametrize(
    ("numbers", "rounded"),
    [
        ([1234567.8, *range(1_200_000, 1_200_100)], 0.2),
        ([1.00005, *(np.arange(100) / 100.0)], 0.00005),
        ([9.899999] * 10 + [*(np.arange(100) / 100.0)], 0.004),
    ],
)
def test_numbers_that_need_their_decimals_keep_them(numbers, rounded):
    frame = pd.DataFrame({"x": np.array(numbers, np.float64), "y": np.arange(len(numbers)) * 1.5})
    schema = Schema.infer(frame)
    x = schema.encode(frame)
    x[-1, 0] += rounded
    back = schema.decode(x)["x"]
    np.testing.assert_allclose(back.iloc[-1], numbers[-1] + rounded, rtol=1e-12)
    np.testing.assert_array_equal(back[:-1], numbers[:-1])


@given(
    st.lists(st.sampled_from(["a", "b", "", "ä ö", "1", "nan"]), min_size=2, max_size=30),
    st.permutations(["a", "b", "", "ä ö", "1", "nan"]),
    st.booleans(),
)
def test_categories_come_back_in_their_order(words, order, ordered):
    frame = pd.DataFrame(
        {"x": pd.Categorical(words, order, ordered=ordered), "y": range(len(words))}
    )
    schema = Schema.infer(frame)
    if schema["x"].kind is Kind.IDENTIFIER:
        return
    pd.testing.assert_series_equal(schema.decode(schema.encode(frame))["x"], frame["x"])


@given(st.lists(st.datetimes(), min_size=2, max_size=20), st.sampled_from(["s", "ms", "us"]))
def test_dates_come_back_to_the_tick(dates, unit):
    frame = pd.DataFrame({"x": np.array(dates, f"datetime64[{unit}]"), "y": range(len(dates))})
    reach = (frame["x"].max() - frame["x"].min()).total_seconds()
    ticks = reach * {"s": 1, "ms": 10**3, "us": 10**6}[unit]
    schema = Schema.infer(frame)
    back = schema.decode(schema.encode(frame))["x"]
    if ticks < 2**52:
        pd.testing.assert_series_equal(back, frame["x"])
    else:
        assert ((back - frame["x"]).abs() < pd.Timedelta(1, "ms")).all()
