"""`from_file` refuses malicious and broken files in one sentence, and runs nothing."""

import zipfile

import numpy as np
import pytest

from tests.support import untrusted_files
from tests.support.untrusted_files import ROWS
from tfp_vae import datasets


def refused(path, message):
    with pytest.raises(ValueError, match=message) as caught:
        datasets.from_file(path)
    text = str(caught.value)
    assert path.name in text
    assert "\n" not in text
    assert len(text) < 400


@pytest.mark.parametrize("name", untrusted_files.FILES)
def test_untrusted_files_are_refused_in_one_sentence(name, tmp_path):
    refused(untrusted_files.written(name, tmp_path), untrusted_files.FILES[name][1])


def test_code_in_a_header_is_never_run(tmp_path):
    marker = tmp_path / "marker"
    for code in (f"__import__('pathlib').Path({str(marker)!r}).touch()", f"open({str(marker)!r})"):
        path = tmp_path / "code.npy"
        path.write_bytes(untrusted_files.npy(descr=code))
        refused(path, "malformed node")
    assert not marker.exists()


def test_a_bomb_is_not_unpacked(tmp_path):
    content = untrusted_files.npy(shape="(80000000, 1)", body=bytes(320_000_000))
    path = tmp_path / "bomb.npz"
    path.write_bytes(untrusted_files.zipped("x.npy", content, zipfile.ZIP_DEFLATED))
    refused(path, "more than 100 times its size")


def test_a_cut_or_altered_file_gives_an_error_or_rows(tmp_path):
    generator = np.random.default_rng(0)
    for suffix, content in (
        ("npy", untrusted_files.saved(ROWS)),
        ("npz", untrusted_files.npz(x=ROWS)),
    ):
        path = tmp_path / f"file.{suffix}"
        for size in range(0, len(content), 7):
            path.write_bytes(content[:size])
            refused(path, "cannot be read")
        for place in generator.integers(0, len(content), 300):
            path.write_bytes(untrusted_files.flipped(content, place))
            try:
                rows = datasets.from_file(path)
            except ValueError:
                continue
            # A .npz has checksums, and a .npy has none: there other rows may come.
            if suffix == "npz":
                np.testing.assert_array_equal(rows, ROWS)
            assert rows.dtype.kind in "biuf"


@pytest.mark.parametrize("name", [name for name in untrusted_files.NUMPY if "npy" in name])
def test_from_files_refuses_them_too(name, tmp_path):
    path = untrusted_files.written(name, tmp_path)
    with pytest.raises(ValueError, match="cannot be read") as caught:
        list(datasets.from_files(path))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("1,2\n3,4\n", [[1, 2], [3, 4]]),
        ("a,b\r\n1,2\r\n", [[1, 2]]),
        ('"a\nb",c\n1,2\n', [[1, 2]]),
        (",,\n1,2,3\n", [[1, 2, 3]]),
        ("# a,b\n1,2\n", [[1, 2]]),
        ("\ufeff1,2\n", [[1, 2]]),
        ('"1","-2e3"\n', [[1, -2000]]),
        ("\n1,2\n\n3,nan\n", [[1, 2], [3, np.nan]]),
        ("a,b\n1,2\n3,\n", [[1, 2], [3, np.nan]]),
        ("a,b\n1,NA\n3,4\n", [[1, np.nan], [3, 4]]),
        ("a;b\n1,5;2\n3;4\n", [[1.5, 2], [3, 4]]),
        ("a\tb\n1\t2\n", [[1, 2]]),
        ("a,b,\n1,2,\n3,4,\n", [[1, 2], [3, 4]]),
        ("a,b\nTrue,False\nFalse,True\n", [[1, 0], [0, 1]]),
        ("True,False\nTrue,True\n", [[1, 0], [1, 1]]),
        ("1,,2\n3,4,5\n", [[1, np.nan, 2], [3, 4, 5]]),
        ("0,1,2\n.5,1,2\n.7,3,4\n", [[0.5, 1, 2], [0.7, 3, 4]]),
        (",a,b\n0,1.5,2\n1,2.5,3\n", [[1.5, 2], [2.5, 3]]),
    ],
)
def test_what_a_table_may_look_like(text, rows, tmp_path):
    path = tmp_path / "table.csv"
    path.write_text(text, encoding="utf-8", newline="")
    np.testing.assert_array_equal(datasets.from_file(path), rows)


def test_a_path_is_asked_for():
    with pytest.raises(TypeError, match=r"`path` must be a path, such as 'x\.npy'; got a int"):
        datasets.from_file(3)


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16"])
def test_other_encodings_are_found_out(encoding, tmp_path):
    path = tmp_path / "table.csv"
    path.write_bytes("é,b\n1,2\n".encode(encoding))
    np.testing.assert_array_equal(datasets.from_file(path), [[1, 2]])
    assert datasets.text_format(path).encoding == encoding


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b,c\n1,2,3\n4,5,6\n7,8\n", "line 4 has 2 cells, and the first line 3"),
        ("a,b,c\n1,2,3\n4,5,6\n7,x,9\n", "line 4, column 'b': 'x' is no number"),
        ("1,2\n3,x\n5,6\n", "line 2, column 2: 'x' is no number"),
        ("a,b\n", "it has no rows of numbers below its first line"),
    ],
)
def test_what_is_no_number_names_line_and_column(text, message, tmp_path):
    path = tmp_path / "table.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        datasets.from_file(path)
