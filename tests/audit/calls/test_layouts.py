"""The order of both encoder outputs in one array."""

import numpy as np
import pytest
import tensorflow as tf

from tfp_vae.audit.calls.layouts import (
    ARRAYS,
    HALVES,
    PAIRS,
    SWAPPED,
    SWAPPED_PAIRS,
    InLayout,
    in_one_array,
    taken_apart,
)

MEAN, SECOND = np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]])
ORDERS = {HALVES: [1, 2, 3, 4], SWAPPED: [3, 4, 1, 2], PAIRS: [1, 3, 2, 4]}
ORDERS[SWAPPED_PAIRS] = [3, 1, 4, 2]


@pytest.mark.parametrize("layout", ARRAYS)
def test_each_layout_has_its_order(layout):
    np.testing.assert_array_equal(in_one_array([MEAN, SECOND], layout), [ORDERS[layout]])


@pytest.mark.parametrize("layout", ARRAYS)
def test_an_inner_axis_is_that_of_channels(layout):
    maps = [np.tile(output[:, :, None], (1, 1, 5)) for output in (MEAN, SECOND)]
    both = in_one_array(maps, layout, axis=1)
    assert both.shape == (1, 4, 5)
    np.testing.assert_array_equal(both[..., 3], [ORDERS[layout]])


@pytest.mark.parametrize("make", [np.asarray, tf.constant])
@pytest.mark.parametrize("layout", ARRAYS)
def test_a_function_is_given_its_layout(layout, make):
    given = make(np.concatenate([MEAN, SECOND], -1))
    result = InLayout(lambda both: both, layout)(given)
    np.testing.assert_array_equal(result, [ORDERS[layout]])
    assert isinstance(result, type(given))


def test_a_tuple_holds_the_halves():
    mean, second = taken_apart(np.concatenate([MEAN, SECOND], -1))
    np.testing.assert_array_equal(mean, MEAN)
    np.testing.assert_array_equal(second, SECOND)
