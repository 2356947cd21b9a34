"""Parquet and Arrow files of numbers are streamed as `.npy` files of the same rows are."""

from decimal import Decimal

import numpy as np
import pytest

from tfp_vae import datasets

pa = pytest.importorskip("pyarrow", reason="the extra `arrow` is not installed")
feather = pytest.importorskip("pyarrow.feather")
parquet = pytest.importorskip("pyarrow.parquet")

ROWS = np.random.default_rng(0).normal(size=[530, 3])


def table(rows=ROWS):
    return pa.table(dict(zip("abc", rows.T, strict=True)))


def write_parquet(path, rows, **options):
    parquet.write_table(table(rows), path, row_group_size=37)


def write_arrow(path, rows):
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table(rows).schema) as writer:
        writer.write_table(table(rows), max_chunksize=37)


def write_stream(path, rows):
    with (
        pa.OSFile(str(path), "wb") as sink,
        pa.ipc.new_stream(sink, table(rows).schema) as writer,
    ):
        writer.write_table(table(rows), max_chunksize=37)


WRITERS = {
    ".parquet": write_parquet,
    ".arrow": write_arrow,
    "_stream.arrow": write_stream,
    ".feather": lambda path, rows: feather.write_feather(table(rows), path),
}


def rows_of(dataset):
    return np.concatenate([batch.numpy() for batch in dataset])


@pytest.mark.parametrize("suffix", WRITERS)
def test_every_row_comes_once_in_order_and_shuffled(suffix, tmp_path):
    for number, part in enumerate(np.split(ROWS, [7, 400])):
        WRITERS[suffix](tmp_path / f"{number}{suffix}", part)
    expected = ROWS.astype("float32")
    in_order = datasets.from_files(tmp_path, 50, shuffle=False)
    assert int(in_order.cardinality()) == 11
    np.testing.assert_array_equal(rows_of(in_order), expected)
    shuffled = rows_of(datasets.from_files(tmp_path, 50, seed=1))
    assert (shuffled != expected).any()
    np.testing.assert_array_equal(np.sort(shuffled, axis=0), np.sort(expected, axis=0))
    shards = [
        rows_of(datasets.from_files(tmp_path, shuffle=False, num_shards=3, index=index))
        for index in range(3)
    ]
    np.testing.assert_array_equal(np.concatenate(shards), expected)


def test_large_groups_are_read_in_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr("tfp_vae.datasets.file_reader._BLOCK_BYTES", 12 * 10)
    for suffix, write in WRITERS.items():
        folder = tmp_path / suffix.replace(".", "_")
        folder.mkdir()
        write(folder / f"rows{suffix}", ROWS)
        read = rows_of(datasets.from_files(folder, shuffle=False))
        np.testing.assert_array_equal(read, ROWS.astype("float32"))


def test_nulls_are_nan_and_truth_values_numbers(tmp_path):
    decimals = pa.array(map(Decimal, ["0.5", "1.5", "2.5"]), pa.decimal128(3, 1))
    given = pa.table({"a": [1, None, 3], "b": [True, False, None], "c": decimals})
    parquet.write_table(given, tmp_path / "rows.parquet")
    expected = [[1, 1, 0.5], [np.nan, 0, 1.5], [3, np.nan, 2.5]]
    np.testing.assert_array_equal(
        rows_of(datasets.from_files(tmp_path, shuffle=False)), np.float32(expected)
    )


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (pa.table({"a": [1.0], "name": ["x"]}), "every column must hold numbers; got 'name' of"),
        (pa.table({"a": [[1.0], [2.0]]}), r"every .*'a' of list.*: write one column for each"),
        (pa.table({"a": pa.array([], pa.float32())}), "it holds no rows"),
    ],
)
def test_tables_that_are_no_rows_of_numbers_are_named(given, words, tmp_path):
    parquet.write_table(given, tmp_path / "rows.parquet")
    with pytest.raises(ValueError, match=rf"rows\.parquet' cannot be read: {words}"):
        datasets.from_files(tmp_path)


def test_files_with_other_columns_and_broken_ones_are_named(tmp_path):
    write_parquet(tmp_path / "a.parquet", ROWS)
    parquet.write_table(pa.table({"a": [1.0], "z": [2.0]}), tmp_path / "b.parquet")
    with pytest.raises(ValueError, match=r"b\.parquet' .*columns of '.*a\.parquet'.*'b', 'c', 'z'"):
        datasets.from_files(tmp_path)
    (tmp_path / "b.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(ValueError, match=r"b\.parquet' cannot be read"):
        datasets.from_files(tmp_path)
