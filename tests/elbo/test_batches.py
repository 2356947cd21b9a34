import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import properties
import strategies
from oracles import LinearGaussian

pytestmark = pytest.mark.usefixtures("float64")


@settings(max_examples=10)
@given(st.integers(0, 1000))
def test_order_and_size_of_the_batch_change_nothing(seed):
    properties.check_batch_order_and_size_change_nothing(LinearGaussian.drawn(seed))


@given(strategies.vaes())
def test_rows_do_not_depend_on_one_another(vae):
    likelihood = vae.decoder.likelihood
    x, other = (strategies.data_for(likelihood, 4, seed) for seed in (0, 1))
    properties.check_rows_do_not_depend_on_one_another(vae, x, other)
