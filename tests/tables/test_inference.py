"""Kinds of columns that people name and write in ways of their own."""

import datetime
import decimal

import numpy as np
import pandas as pd
import pytest

from tfp_vae.tables import Kind, Schema

RANDOM = np.random.default_rng(0)
ROWS = 240


def column_of(values, name="x"):
    """Returns the only modelled or left-out column beside one of normals."""
    frame = pd.DataFrame({name: values, "other": RANDOM.normal(size=len(values))})
    schema = Schema.infer(frame)
    column = schema[name]
    if column.modelled:
        pd.testing.assert_series_equal(
            column.decode(column.encode(frame[name])), frame[name], check_exact=True
        )
    return column


@pytest.mark.parametrize("name", ["subject", "patient_id", "Tree", "schoolNR", "state code"])
@pytest.mark.parametrize("dtype", ["int64", "float64", "Int16"])
def test_numbers_of_units_with_several_rows_are_categories(name, dtype):
    column = column_of(pd.Series(np.arange(ROWS) % 40 + 1, dtype=dtype), name)
    assert column.kind is Kind.CATEGORICAL
    assert column.reason.startswith("40 different numbers in 240 rows, and its name says")


def test_numbers_of_units_with_hardly_two_rows_or_too_many_classes_are_left_out():
    assert column_of(np.arange(ROWS) % 200 * 7 + 1, "patient_id").kind is Kind.IDENTIFIER
    assert column_of(np.arange(3000) % 501, "patient_id").kind is Kind.IDENTIFIER
    assert column_of(np.arange(3000) % 500, "patient_id").kind is Kind.CATEGORICAL


def test_long_numbers_that_are_one_float_are_told_apart():
    values = pd.Series(2**60 + RANDOM.permutation(ROWS))
    assert column_of(values, "user_id").kind is Kind.IDENTIFIER
    assert column_of(values // 2 * 2, "user_id").kind is Kind.CATEGORICAL
    assert column_of(values // 2 * 2, "amount").kind is Kind.POSITIVE
    assert column_of(-values, "amount").kind is Kind.REAL
    assert column_of(2**60 + np.arange(ROWS) % 2, "amount").kind is Kind.BINARY
    assert column_of(np.full(ROWS, 2**60 + 1), "amount").kind is Kind.CONSTANT


def test_amounts_with_the_name_of_a_unit_stay_amounts():
    assert column_of(RANDOM.normal(size=ROWS), "patient_id").kind is Kind.REAL
    assert column_of(RANDOM.integers(0, 2, ROWS), "site").kind is Kind.BINARY
    assert column_of(RANDOM.integers(-50, 50, ROWS), "site").kind is Kind.REAL
    assert column_of(RANDOM.poisson(9.0, ROWS), "patients").kind is Kind.COUNT


def test_months_and_scales_to_ten_have_an_order():
    assert column_of(np.arange(ROWS) % 12 + 1).kind is Kind.ORDERED
    assert column_of(RANDOM.integers(0, 11, ROWS)).kind is Kind.ORDERED
    assert column_of(np.arange(ROWS) % 13 + 1).kind is Kind.COUNT


def test_numbers_that_vary_less_than_counts_may_have_values_that_training_did_not_see():
    rooms = RANDOM.permutation([2] * 20 + [3] * 150 + [4] * 66 + [5] * 3 + [1])
    assert rooms.var() < 0.5 * rooms.mean()
    assert column_of(rooms).kind is Kind.POSITIVE
    assert column_of(RANDOM.poisson(1.0, ROWS)).kind is Kind.COUNT


DAYS = pd.Series(pd.Timestamp("1999-12-28") + pd.to_timedelta(RANDOM.integers(0, 900, ROWS), "D"))
MOMENTS = DAYS + pd.to_timedelta(RANDOM.integers(0, 1440, ROWS), "min")


@pytest.mark.parametrize(
    ("values", "text_format"),
    [
        (DAYS.dt.strftime("%Y%m%d").astype("int64"), "%Y%m%d"),
        (DAYS.dt.strftime("%Y%m%d").astype("int32"), "%Y%m%d"),
        (DAYS.dt.strftime("%Y%m%d").astype("float64").mask(DAYS.dt.day == 3), "%Y%m%d"),
        (DAYS.dt.strftime("%Y%m%d").astype("Int64").mask(DAYS.dt.day == 3), "%Y%m%d"),
        (DAYS.dt.strftime("%Y%m%d").astype(object), "%Y%m%d"),
        ([f"{day.month}/{day.day}/{day.year}" for day in DAYS], "%-m/%-d/%Y"),
        ([f"{day.day}.{day.month}.{day.year}" for day in DAYS], "%-d.%-m.%Y"),
        ([f"{day.month}/{day.day}/{day:%y}" for day in DAYS], "%-m/%-d/%y"),
        ([f"{day.day:02}.{day.month:02}.{day:%y}" for day in DAYS], "%d.%m.%y"),
        ([f"{m.month}/{m.day}/{m:%y} {m.hour}:{m:%M}" for m in MOMENTS], "%-m/%-d/%y %-H:%M"),
        ([f"{m.hour}:{m:%M:%S}" for m in MOMENTS], "%-H:%M:%S"),
        ([f"{m.isoformat()}.{at:03}" for at, m in enumerate(MOMENTS)], "%Y-%m-%dT%H:%M:%S.%3f"),
        ([f"{m.isoformat()}.{at:03}Z" for at, m in enumerate(MOMENTS)], "%Y-%m-%dT%H:%M:%S.%3fZ"),
        ([f"{m}.{at:06}" for at, m in enumerate(MOMENTS)], "%Y-%m-%d %H:%M:%S.%f"),
        ([f"{m.isoformat()}+00:00" for m in MOMENTS], "%Y-%m-%dT%H:%M:%S+00:00"),
        (DAYS.dt.strftime("%b-%Y"), "%b-%Y"),
        (DAYS.dt.strftime("%B %d, %Y"), "%B %d, %Y"),
    ],
)
def test_dates_in_many_ways_of_writing(values, text_format):
    series = pd.Series(values)
    column = column_of(series if series.dtype != object else series.astype(object))
    assert column.kind is Kind.DATE
    assert column.reason.endswith(f"written {text_format}")


def test_blanks_among_texts_of_dates_without_zeros_come_back():
    texts = pd.Series([f"{day.month}/{day.day}/{day.year}" for day in DAYS]).mask(DAYS.dt.day == 3)
    column = column_of(texts)
    assert column.blanks > 0
    first = DAYS[DAYS.dt.day != 3].min()
    assert column.decode(np.array([np.nan, 0.0]))[1] == f"{first.month}/{first.day}/{first.year}"


def test_times_of_the_day_are_times_and_wrap_at_midnight():
    times = [None if at % 9 == 3 else m.time() for at, m in enumerate(MOMENTS)]
    column = column_of(pd.Series(times, dtype=object))
    assert column.kind is Kind.DATE
    assert column.reason == "every value is a datetime.time"
    first = min(each for each in times if each is not None)
    assert column.decode(np.array([0.0, 1.0, np.nan])).tolist() == [first, first, None]
    noon = column_of([datetime.time(12, 0, 0, 5)] * ROWS)
    assert noon.kind is Kind.CONSTANT
    assert noon.decode(np.zeros(1))[0] == datetime.time(12, 0, 0, 5)
    with pytest.raises(ValueError, match=r"a date or time written datetime.time, .* got 'noon'"):
        column.encode(pd.Series(["noon"]))


@pytest.mark.parametrize(
    "values",
    [
        np.arange(ROWS) * 37 + 2000_01_01,
        RANDOM.integers(1900_00_00, 2000_00_00, ROWS),
        np.array([20000101, 20000102] * 3 + [20000103] * 6),
        DAYS.dt.strftime("%Y%m%d").astype(float) + 0.5,
    ],
)
def test_other_numbers_of_eight_digits_are_no_dates(values):
    assert column_of(values).kind is not Kind.DATE


def test_a_number_that_is_no_date_is_refused_among_dates():
    frame = pd.DataFrame(
        {"day": DAYS.dt.strftime("%Y%m%d").astype("int64"), "x": RANDOM.random(ROWS)}
    )
    column = Schema.infer(frame)["day"]
    for wrong in (20001399, 20000101.5):
        with pytest.raises(ValueError, match=f"a date or time written %Y%m%d, .* got .*{wrong}"):
            column.encode(pd.Series([20000101, wrong]))


def test_numbers_that_are_objects_are_judged_by_their_values():
    values = [decimal.Decimal(each) for each in DAYS.dt.strftime("%Y%m%d")]
    frame = pd.DataFrame({"day": values, "subject": values[::-1], "x": RANDOM.random(ROWS)})
    schema = Schema.infer(frame)
    assert [str(schema[name].kind) for name in ("day", "subject")] == ["positive", "positive"]


def test_long_texts_are_remarks_even_where_most_rows_have_none():
    remarks = [f"remark {at} " + "of many words " * at for at in range(30)]
    values = [*remarks, *[""] * 210]
    assert column_of(values).kind is Kind.IDENTIFIER
    assert column_of([each[:30] for each in values]).kind is Kind.CATEGORICAL
    assert column_of([*remarks[5:15], *[""] * 230]).kind is Kind.CATEGORICAL


def test_an_error_lists_no_more_of_a_category_than_a_line_holds():
    frame = pd.DataFrame({"word": ["a" * 500, "b" * 500, "c"] * 10, "x": RANDOM.random(30)})
    with pytest.raises(ValueError, match="must have one of its 3 categories, 'aaa") as refused:
        Schema.infer(frame)["word"].encode(pd.Series(["d" * 500]))
    assert len(str(refused.value)) < 300
