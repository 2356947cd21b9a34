"""Tables in files: what separates cells, what marks blanks, where a wrong cell stands."""

import gzip

import numpy as np
import pandas as pd
import pytest

from tfp_vae import tables
from tfp_vae.tables import files

_READ = {
    "a blank": ("a,b\n1,2\n3,\n", {"a": [1, 3], "b": [2, None]}),
    "NA": ("a,b\n1,2\n3,NA\n", {"a": [1, 3], "b": [2, None]}),
    "a question mark": ("a,b\n1,2\n3,?\n5,6\n", {"a": [1, 3, 5], "b": [2, None, 6]}),
    "semicolons": ("a;b\n1;2\n3;4\n", {"a": [1, 3], "b": [2, 4]}),
    "decimal commas": ("a;b\n1,5;2,5\n3,5;4\n", {"a": [1.5, 3.5], "b": [2.5, 4.0]}),
    "tabs": ("a\tb\n1\t2\n", {"a": [1], "b": [2]}),
    "bars": ("a|b\n1|2\n", {"a": [1], "b": [2]}),
    "commas at the end of lines": ("a,b,\n1,2,\n3,4,\n", {"a": [1, 3], "b": [2, 4]}),
    "truth values": ("a,b\nTrue,x\nFalse,y\n", {"a": [True, False], "b": ["x", "y"]}),
    "comments": ("# from the lab\n# 2024\na,b\n1,2\n", {"a": [1], "b": [2]}),
    "no names": ("1,2\n3,nan\n5,6\n", {"c0": [1, 3, 5], "c1": [2, None, 6]}),
    "counted names": ("0,1,2\n.5,1,2\n.7,3,4\n", {"0": [0.5, 0.7], "1": [1, 3], "2": [2, 4]}),
    "zeros and ones": ("0,1\n1,0\n1,1\n", {"c0": [0, 1, 1], "c1": [1, 0, 1]}),
    "years": ("1990,1991,1992\n3,4,5\n", {"1990": [3], "1991": [4], "1992": [5]}),
    "quoted lines": ('a,b\n"x\ny",1\nz,2\n', {"a": ["x\ny", "z"], "b": [1, 2]}),
    "one column": ("a\n1\n2\n", {"a": [1, 2]}),
    "a mark of the byte order": ("\ufeffa,b\n1,2\n", {"a": [1], "b": [2]}),
}


@pytest.mark.parametrize("name", _READ)
def test_text_of_any_dialect_is_read(name, tmp_path):
    text, columns = _READ[name]
    (tmp_path / "t.csv").write_bytes(text.encode())
    found = tables.read(tmp_path / "t.csv")
    pd.testing.assert_frame_equal(found.frame, pd.DataFrame(columns), check_dtype=False)


def test_how_it_was_read_is_one_line(tmp_path):
    content = "n;m\nMüller;1,5\nMeier;-\nKöhler;2,5\n".encode("cp1252")
    (tmp_path / "t.csv").write_bytes(content)
    found = tables.read(tmp_path / "t.csv")
    assert found.note == (
        "t.csv: cells separated by semicolons, decimal commas, text in cp1252, names in the first "
        "line, blanks marked '-'"
    )
    assert found.frame["n"].tolist() == ["Müller", "Meier", "Köhler"]
    assert found.frame["m"].isna().tolist() == [False, True, False]


_REFUSED = {
    "a short line": ("a,b,c\n1,2,3\n4,5,6\n7,8\n", "line 4 has 2 cells, and the first line 3"),
    "a long line": ("a,b\n1,2\n3,4,5\n", "line 3 has 3 cells, and the first line 2"),
    "a word": ("a,b\n1,2\n4,5\n7,x\n", "line 4, column 'b': 'x' is no number, as 2 other cells"),
    "a word below a long cell": (
        'a,b\n"x\ny",1\nz,many\nw,3\n',
        "line 4, column 'b': 'many' is no number",
    ),
    "one name twice": ("a,a\n1,2\n", "its first line has the name 'a' 2 times"),
    "a NUL character": ("a,b\n1,2\n\0,3\n", "line 3 has a cell with a NUL character"),
    "nothing": ("", "it is empty"),
}


@pytest.mark.parametrize("name", _REFUSED)
def test_what_is_wrong_names_line_and_column(name, tmp_path):
    text, message = _REFUSED[name]
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(ValueError, match=message) as caught:
        tables.read(tmp_path / "t.csv")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".csv.gz", ".json", ".jsonl"])
def test_a_table_is_written_and_read_again(suffix, tmp_path):
    frame = pd.DataFrame({"a": [1, 2, 3], "b": ["x", None, "z,;\t"], "c": [0.1, np.nan, 3.5]})
    path = tmp_path / f"t{suffix}"
    tables.write(frame, path)
    pd.testing.assert_frame_equal(tables.read(path).frame.convert_dtypes(), frame.convert_dtypes())
    if suffix.endswith(".gz"):
        assert gzip.decompress(path.read_bytes()).startswith(b"a,b,c\n1,x,0.1\n")


@pytest.mark.parametrize("suffix", [".parquet", ".feather", ".xlsx"])
def test_a_reader_that_is_not_installed_is_named(suffix, tmp_path, monkeypatch):
    def missing(*arguments, **options):
        raise ImportError("Missing optional dependency 'reader'.  Use pip to install reader.")

    for name in ("read_parquet", "read_feather", "read_excel"):
        monkeypatch.setattr(pd, name, missing)
    path = tmp_path / f"t{suffix}"
    path.touch()
    with pytest.raises(ValueError, match="pandas needs a package for it"):
        tables.read(path)


@pytest.mark.parametrize(("name", "times"), [("a.csv", 12), ("a.csv.gz", 48), ("a.parquet", 48)])
def test_a_table_larger_than_memory_is_refused(tmp_path, monkeypatch, name, times):
    content = b"a,b\n" + b"1,2\n" * 20
    (tmp_path / name).write_bytes(content)
    monkeypatch.setattr(files, "free_memory", lambda: times * len(content) - 1)
    with pytest.raises(ValueError, match="GB are free: draw some of its lines into a smaller file"):
        tables.read(tmp_path / name)


@pytest.mark.parametrize("free", [12 * 4, None])
def test_a_table_that_fits_is_read(tmp_path, monkeypatch, free):
    (tmp_path / "a.csv").write_text("a,b\n")
    monkeypatch.setattr(files, "free_memory", lambda: free)
    assert tables.read(tmp_path / "a.csv").frame.shape == (0, 2)


def test_other_files_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"`path` must end in .csv, .*; got 't.png'"):
        tables.read(tmp_path / "t.png")
    with pytest.raises(ValueError, match=r"`path` must end in .csv, .*; got 't.png'"):
        tables.write(pd.DataFrame({"a": [1]}), tmp_path / "t.png")
    with pytest.raises(FileNotFoundError, match="There is no file"):
        tables.read(tmp_path / "t.csv")
    (tmp_path / "t.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(ValueError, match="cannot be read"):
        tables.read(tmp_path / "t.parquet")
