"""Radial steps: the constraint, the inverse, and the center, where the distance has no gradient."""

import numpy as np
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from tfp_vae.distributions.radial_flow import Radial

numbers = st.floats(-50.0, 50.0)


def _step(center, radius, strength, dtype="float64"):
    return Radial(*(tf.constant(value, dtype) for value in (center, radius, strength)))


@given(*[st.tuples(numbers, numbers)] * 2, numbers, numbers)
def test_every_step_keeps_the_order_of_distances_and_has_its_inverse(x, center, radius, strength):
    step = _step(center, radius, strength)
    x = tf.constant(x, "float64")
    assert step.a > 0.0
    assert step.a_plus_b > 0.0
    y = step.forward(x)
    largest = 1.0 + np.abs(x).max() + np.abs(center).max()
    factor = np.minimum(1.0, step.a_plus_b / step.a)
    # A copy, as a bijector remembers what it has computed.
    back = step.inverse(tf.identity(y))
    np.testing.assert_allclose(back, x, atol=1e-14 * largest / factor)


def test_in_float32_distances_whose_squares_overflow_are_held():
    step = _step([1.0, -2.0], 0.3, 1.2, "float32")
    for x in (tf.constant([3e25, -4e25]), tf.constant([1e-30, 0.0]) + step.center):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = step.forward(x)
            back, log_det = step.inverse(tf.identity(y)), step.forward_log_det_jacobian(x, 1)
        np.testing.assert_allclose(back, x, rtol=1e-5)
        for value in (y, back, log_det):
            assert np.isfinite(value).all()
            assert np.isfinite(tape.gradient(value, x)).all()


def test_at_the_center_values_and_gradients_are_the_limits():
    """Space is stretched there by f(strength) in every direction."""
    step = _step([1.0, -2.0, 0.5], 0.3, 1.2)
    factor = (1.0 + np.logaddexp(0.0, 1.2)) / (1.0 + np.logaddexp(0.0, -1.2))
    x = step.center
    with tf.GradientTape() as tape:
        tape.watch(x)
        log_det = step.forward_log_det_jacobian(x, 1)
    np.testing.assert_allclose(step.forward(x), x)
    np.testing.assert_allclose(step.inverse(tf.identity(x)), x)
    np.testing.assert_allclose(log_det, 3.0 * np.log(factor))
    assert np.isfinite(tape.gradient(log_det, x)).all()
