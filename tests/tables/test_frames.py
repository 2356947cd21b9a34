"""Frames of other libraries, and columns that pandas keeps as Arrow arrays."""

import datetime

import pandas as pd
import pytest

from tests.tables.frames_for_tests import every_kind
from tfp_vae.tables import Schema
from tfp_vae.tables.frames import as_pandas


def arrow_table():
    """Returns an Arrow table with blanks in columns of many types."""
    arrow = pytest.importorskip("pyarrow", reason="the extra `arrow` is not installed")
    moments = [None, *(datetime.datetime(2024, 1, 1, at % 24) for at in range(29))]
    return arrow.table(
        {
            "whole": arrow.array([None, *range(29)]),
            "small": arrow.array([*range(30)], arrow.uint8()),
            "number": arrow.array([None, *(at * 0.5 for at in range(29))]),
            "flag": arrow.array([None, *([True, False] * 15)][:30]),
            "word": arrow.array([None, *(["a", "b", "c"] * 10)][:30]),
            "coded": arrow.array([None, *(["a", "b", "c"] * 10)][:30]).dictionary_encode(),
            "day": arrow.array([None, *(datetime.date(2024, 1, 1 + at) for at in range(29))]),
            "moment": arrow.array(moments, arrow.timestamp("us")),
            "zoned": arrow.array(moments, arrow.timestamp("ms", "Europe/Rome")),
            "duration": arrow.array([None, *(datetime.timedelta(at) for at in range(29))]),
        }
    )


def test_columns_of_arrow_arrays_are_those_of_the_arrow_table():
    table = arrow_table()
    frame = table.to_pandas(types_mapper=pd.ArrowDtype)
    index = pd.Index(range(100, 130), name="row")
    plain = as_pandas(frame.set_axis(index))
    pd.testing.assert_frame_equal(plain, table.to_pandas().set_axis(index))
    assert all(isinstance(each, pd.ArrowDtype) for each in frame.dtypes)


def test_a_frame_of_arrow_arrays_has_the_schema_of_the_arrow_table():
    table = arrow_table()
    schema = Schema.infer(table.to_pandas(types_mapper=pd.ArrowDtype))
    assert schema == Schema.infer(table)
    kinds = {each.name: str(each.kind) for each in schema}
    assert [kinds[name] for name in ("day", "moment", "zoned", "duration")] == ["date"] * 4
    assert [kinds[name] for name in ("flag", "word", "coded")] == ["binary", *["categorical"] * 2]


def test_a_frame_without_arrow_arrays_is_not_copied():
    frame = every_kind()
    assert as_pandas(frame) is frame
