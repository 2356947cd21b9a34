"""Rows of unequal length, filled up and cut again."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from tests.support.small_models import eager_vae
from tfp_vae import datasets


@given(
    st.lists(st.integers(1, 5), min_size=1, max_size=4),
    st.sampled_from(["float32", "float64", "int64"]),
    st.sampled_from([(), (2,), (2, 3)]),
    st.integers(0, 3),
)
def test_rows_come_back_as_they_were(lengths, dtype, step, more):
    rng = np.random.default_rng(0)
    rows = [rng.integers(0, 5, size=[count, *step]).astype(dtype) for count in lengths]
    x = datasets.padded(rows, length=max(lengths) + more)
    assert x.shape == (len(rows), max(lengths) + more, *step)
    assert x.dtype == dtype
    code = -1 if dtype == "int64" else np.nan
    for back in (
        datasets.unpadded(x, missing_values=code),
        datasets.unpadded(
            datasets.padded(np.where(x == x, x, 0).clip(0), lengths=lengths), missing_values=code
        ),
        datasets.unpadded(
            datasets.padded(
                np.where(x == x, x, 0).clip(0),
                lengths=np.arange(x.shape[1]) < np.array(lengths)[:, None],
            ),
            missing_values=code,
        ),
    ):
        for one, another in zip(rows, back, strict=True):
            np.testing.assert_array_equal(one, another)


def test_a_ragged_tensor_is_filled_up():
    inner = tf.ragged.constant([[1.0, 2.0], [3.0]])
    np.testing.assert_array_equal(datasets.padded(inner), [[1.0, 2.0], [3.0, np.nan]])
    steps = tf.RaggedTensor.from_row_lengths(np.ones([3, 2], "float32"), [2, 1])
    assert datasets.padded(steps).shape == (2, 2, 2)


def test_an_end_code_follows_the_codes_of_a_row():
    x = datasets.padded([[0, 1, 1], [1]], end=2)
    np.testing.assert_array_equal(x, [[0, 1, 1], [1, 2, -1]])
    assert [row.tolist() for row in datasets.unpadded(x, missing_values=-1, end=2)] == [
        [0, 1, 1],
        [1],
    ]
    assert [len(row) for row in datasets.unpadded([[2, 0]], end=2)] == [0]


def test_a_model_refuses_unequal_rows_and_names_what_fills_them():
    x = [[1.0], [0.0, 1.0]]
    for call in (
        lambda vae: vae.elbo(x),
        lambda vae: vae.fit(x),
        lambda vae: vae.encode(x),
        lambda vae: vae.elbo(tf.ragged.constant(x)),
    ):
        with pytest.raises(TypeError, match=r"tfp_vae\.datasets\.padded"):
            call(eager_vae(missing_values=np.nan))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: datasets.padded([[1.0], []]), ValueError, r"`rows` must.*shape \[0\] at index 1"),
        (lambda: datasets.padded([]), ValueError, "`rows` must.*got none"),
        (lambda: datasets.padded(3.0), TypeError, "`rows` must"),
        (lambda: datasets.padded("abc"), TypeError, "`rows` must"),
        (lambda: datasets.padded([1.0, 2.0]), ValueError, r"`rows` must.*shape \[\] at index 0"),
        (lambda: datasets.padded([["a"]]), TypeError, "`rows.0.` must be an array of real"),
        (lambda: datasets.padded([[1.0, 2.0]], length=1), ValueError, "`length` must be at least"),
        (lambda: datasets.padded([[1.0]], length=0), ValueError, "`length` must be a positive"),
        (
            lambda: datasets.padded([np.ones([2, 2]), np.ones([2, 3])]),
            ValueError,
            r"`rows` must have steps of one shape, \[2\].*got \[3\] at index 1",
        ),
        (lambda: datasets.padded([[1.0, np.nan]]), ValueError, "`rows` must end with a step"),
        (lambda: datasets.padded([[-2, 1]]), ValueError, "`rows` must not hold negative"),
        (lambda: datasets.padded([[1.0]], end=2), ValueError, "`end` must be None unless"),
        (lambda: datasets.padded([[1, 2]], end=2), ValueError, "`end` must be a code that no"),
        (lambda: datasets.padded([[1, 2]], end=-1), ValueError, "`end` must be a finite"),
        (lambda: datasets.padded(np.ones([2, 3]), lengths=[0, 2]), ValueError, "from 1 to 3"),
        (lambda: datasets.padded(np.ones([2, 3]), lengths=[1, 4]), ValueError, "from 1 to 3"),
        (lambda: datasets.padded(np.ones([2, 3]), lengths=[1]), ValueError, "2 whole numbers"),
        (lambda: datasets.padded(np.ones(3), lengths=[1]), ValueError, "`rows` must be an array"),
        (
            lambda: datasets.padded(np.ones([1, 3]), lengths=[[True, False, True]]),
            ValueError,
            "a mask with a gap",
        ),
        (lambda: datasets.unpadded([1.0]), ValueError, "`x` must have shape"),
        (lambda: datasets.unpadded([[1.0]], missing_values="x"), TypeError, "`missing_values`"),
    ],
)
def test_wrong_arguments_are_named(make, error, message):
    with pytest.raises(error, match=message):
        make()
