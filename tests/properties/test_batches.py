import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import exact_checks
from tfp_vae.testing import LinearGaussian, properties, strategies
from tfp_vae.testing.properties import Subject

pytestmark = pytest.mark.usefixtures("float64")


@settings(max_examples=10)
@given(st.integers(0, 1000))
def test_order_and_size_of_the_batch_change_nothing(seed):
    exact_checks.check_batch_order_and_size_change_nothing(LinearGaussian.drawn(seed))


@given(strategies.vaes())
def test_rows_do_not_depend_on_one_another_or_on_the_batch(vae):
    subject = Subject(vae, strategies.observed(vae.decoder.likelihood, 4))
    properties.rows_do_not_depend_on_one_another(subject)
    properties.order_and_size_of_the_batch_change_nothing(subject)
