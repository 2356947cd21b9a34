import numpy as np
import pytest
import tensorflow as tf

from tfp_vae.training.steps.in_place_updates import waiting_for_all


def gradients():
    return [
        tf.constant([[1.5, -2.0], [0.1, 1e-30]]),
        None,
        tf.constant(3.0),
        tf.IndexedSlices(tf.constant([[1.0]]), tf.constant([4]), tf.constant([9, 1])),
        tf.constant([-0.0, 7.0], tf.float64),
    ]


def test_gradients_keep_their_values_and_kinds():
    given = gradients()
    waited = tf.function(lambda: waiting_for_all(gradients()), jit_compile=False)()
    assert waited[1] is None
    np.testing.assert_array_equal(waited[3].values, given[3].values)
    np.testing.assert_array_equal(waited[3].indices, given[3].indices)
    for index in (0, 2, 4):
        assert waited[index].dtype == given[index].dtype
        np.testing.assert_array_equal(waited[index], given[index])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [0, 1])
def test_what_is_not_finite_stays_so(value, place):
    bad = np.array([1.0, 2.0], np.float32)
    bad[place] = value
    waited = waiting_for_all([tf.constant(bad), tf.constant([3.0])])
    assert not np.isfinite(waited[0][place])


def test_every_dense_gradient_depends_on_every_other():
    for index in (0, 2, 4):
        given = gradients()
        given[index] = tf.fill(given[index].shape, tf.constant(np.nan, given[index].dtype))
        others = [each for each in (0, 2, 4) if each != index]
        waited = waiting_for_all(given)
        assert all(np.all(waited[other] == 0) for other in others)


def test_a_gradient_alone_waits_for_nothing():
    given = [None, tf.constant([1.0])]
    waited = waiting_for_all(given)
    assert waited[0] is None
    assert waited[1] is given[1]
