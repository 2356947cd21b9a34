"""The encoding of a text file is found by its byte order mark."""

import codecs

import numpy as np
import pytest

from tfp_vae import datasets

TEXT = "größe,b\n1,2\n3,4\n"
MARKED = {
    "utf-8": codecs.BOM_UTF8 + TEXT.encode(),
    "utf-16-le": codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
    "utf-16-be": codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
}


@pytest.mark.parametrize("encoding", MARKED)
def test_every_byte_order_mark_is_known(encoding, tmp_path):
    path = tmp_path / "rows.csv"
    path.write_bytes(MARKED[encoding])
    np.testing.assert_array_equal(datasets.from_file(path), [[1, 2], [3, 4]])
    (names, *_) = [cells for _, cells in datasets.text_format(path).records(path)]
    assert names == ["größe", "b"]
