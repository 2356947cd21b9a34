"""One pass tells whether data lies in a support, as the masks that name what is wrong tell it."""

import tracemalloc

import hypothesis.extra.numpy as arrays
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tfp_vae import checks, likelihoods, supports
from tfp_vae.model import VAE
from tfp_vae.supports import Columns, all_inside

SUPPORTS = [
    *(supports.REAL, supports.BINARY, supports.UNIT_INTERVAL, supports.POSITIVE, supports.COUNTS),
    supports.whole_numbers_to(9),
    Columns((((0, 2), supports.POSITIVE, "Gamma"), ((1,), supports.BINARY, "Bernoulli"))),
]
NUMBERS = [0.0, -0.0, 1.0, 2.0, 0.5, 9.0, 10.0, -1.0, 1e5, 1e30, np.nan, np.inf, -np.inf]
DTYPES = ["float32", "float64", "int64", "uint8", "bool"]


def tables(dtype):
    """Returns data `[N, 3]`, mostly of 0 and 1, with what is in no support."""
    numbers = [each for each in NUMBERS if np.dtype(dtype).kind == "f" or 0 <= each <= 200]
    mostly_fitting = [0.0, 1.0] * len(numbers) + numbers
    shapes = st.tuples(st.integers(1, 5), st.just(3))
    values = arrays.arrays(np.float64, shapes, elements=st.sampled_from(mostly_fitting))
    return values.map(lambda table: table.astype(dtype))


@given(
    st.sampled_from(DTYPES).flatmap(tables),
    st.sampled_from(SUPPORTS),
    st.sampled_from([1e4, 1e14, 1.7e308]),
)
@example(np.full([2, 3], np.nan, np.float32), supports.REAL, 1e14)
@example(np.array([[0.0, 1.0, -np.inf]], np.float32), supports.REAL, 1.7e308)
def test_one_pass_is_the_masks(x, support, largest):
    inside = np.isfinite(x) & ~support.outside(x) & (np.abs(x.astype(np.float64)) <= largest)
    assert all_inside(x, support, largest) == inside.all()


@pytest.mark.parametrize("where", [0, 84 * 5 - 1, 84 * 5, 199_999])
@pytest.mark.parametrize("wrong", [np.nan, np.inf, -1.0, 1e30])
def test_every_row_is_looked_at(where, wrong):
    x = np.ones([200_000, 7], np.float32)
    assert all_inside(x, supports.POSITIVE, 1e14)
    x[where, 6] = wrong
    assert not all_inside(x, supports.POSITIVE, 1e14)


@pytest.mark.parametrize("name", ["bernoulli", "continuous_bernoulli", "normal"])
@pytest.mark.parametrize("missing", [None, np.nan])
def test_rows_that_fit_are_checked_without_a_copy_of_them(name, missing):
    vae = VAE.for_data(np.eye(40, 100), latent_size=2, likelihood=name)
    if missing is not None:
        vae = VAE(vae.encoder, vae.decoder, missing_values=missing)
    x = np.ones([100_000, 100], np.float32)
    tracemalloc.start()
    vae.check_rows(x)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < x.nbytes / 20


def test_missing_values_are_filled_block_by_block():
    model = VAE.for_data(np.eye(40, 3), latent_size=2, likelihood="bernoulli")
    vae = VAE(model.encoder, model.decoder, missing_values=np.nan)
    x = np.full([100_000, 3], np.nan, np.float32)
    x[::2] = 1.0
    vae.check_rows(x)
    x[99_999, 1] = 0.5
    with pytest.raises(ValueError, match=r"0 or 1; got 0\.5 at index \[99999, 1\]"):
        vae.check_rows(x)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_numbers_of_low_precision_are_looked_at_closely(dtype):
    import tensorflow as tf

    x = np.array([[0.0], [1.0]]).astype(tf.as_dtype(dtype).as_numpy_dtype)
    support = likelihoods.Bernoulli([1]).support
    assert checks.observations(x, [1], support) is x
    x[1] = 0.5
    with pytest.raises(ValueError, match=r"0 or 1; got 0\.5 at index \[1, 0\]"):
        checks.observations(x, [1], support)
