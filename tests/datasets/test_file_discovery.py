"""Files that are not streamed are refused with what reads them."""

import pytest

from tfp_vae import datasets


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["a.png", "Thumbs.db"], r"Thumbs\.db'.*: a pattern, such as 'faces/\*\.png', takes files"),
        (["rows.h5"], r"got '.*rows\.h5': `datasets\.from_file` reads it\."),
        (["rows.npz"], r"got '.*rows\.npz': `datasets\.from_file` reads it\."),
        (["scan.tif"], r"images \(\.bmp, \.gif, \.jpeg, \.jpg, \.png\); got '.*scan\.tif'\."),
    ],
)
def test_other_formats_are_named_with_what_to_do(names, words, tmp_path):
    for name in names:
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(ValueError, match=words):
        datasets.from_files(tmp_path)
