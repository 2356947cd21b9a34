"""Arrays of HDF5 files, which need not be trusted."""

import h5py
import numpy as np
import pytest

from tfp_vae import datasets

ROWS = np.arange(20.0).reshape(5, 4)


def written(path, **arrays):
    with h5py.File(path, "w") as file:
        for name, values in arrays.items():
            file[name] = values
    return path


def test_the_only_dataset_or_the_one_called_x_is_read(tmp_path):
    only = written(tmp_path / "only.h5", **{"group/rows": ROWS})
    np.testing.assert_array_equal(datasets.from_file(only), ROWS)
    several = written(tmp_path / "several.hdf5", y=np.zeros(5), x=ROWS)
    np.testing.assert_array_equal(datasets.from_file(several), ROWS)


def elsewhere(path):
    written(path.with_name("other.h5"), x=ROWS)
    with h5py.File(path, "w") as file:
        layout = h5py.VirtualLayout(shape=(5, 4), dtype="f8")
        layout[:] = h5py.VirtualSource(path.with_name("other.h5"), "x", shape=(5, 4))
        file.create_virtual_dataset("x", layout)


def raw_bytes_elsewhere(path):
    path.with_name("secret").write_bytes(bytes(160))
    with h5py.File(path, "w") as file:
        outside = [(path.with_name("secret").as_posix(), 0, 160)]
        file.create_dataset("x", (5, 4), "f8", external=outside)


def linked(path):
    written(path.with_name("other.h5"), x=ROWS)
    with h5py.File(path, "w") as file:
        file["x"] = h5py.ExternalLink(path.with_name("other.h5").as_posix(), "/x")


def bomb(path):
    with h5py.File(path, "w") as file:
        file.create_dataset("x", (10**9, 4), "f4", compression="gzip", chunks=(10**6, 4))


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (lambda path: path.write_bytes(b"no HDF5"), "cannot be read"),
        (lambda path: path.write_bytes(b""), "cannot be read"),
        (written, "one called 'x'; it holds none"),
        (
            lambda path: written(path, a=ROWS, b=ROWS),
            r"it holds 'a', 'b': `h5py\.File\(path\)\['a'\]` is",
        ),
        (lambda path: written(path, x=np.zeros(3)), r"rows of values, \[rows, ...\]; got .*\[3\]"),
        (lambda path: written(path, x=np.array([[b"a"]])), "must hold real numbers"),
        (elsewhere, "lies in other files, which are not read"),
        (raw_bytes_elsewhere, "lies in other files, which are not read"),
        (linked, "one called 'x'; it holds none"),
        (bomb, r"unpacks to 16,000,000,000 bytes, more than 100 times its size"),
    ],
)
def test_untrusted_files_are_refused_in_one_sentence(write, words, tmp_path):
    path = tmp_path / "rows.h5"
    write(path)
    with pytest.raises(ValueError, match=words) as refused:
        datasets.from_file(path)
    assert "\n" not in str(refused.value)
