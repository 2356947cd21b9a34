"""Planar steps: the constraint, and the inverse that has no closed form."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from tfp_vae.distributions import planar_flow

numbers = st.floats(-50.0, 50.0)


def _step(shift, direction, offset, dtype):
    return planar_flow.Planar(*(tf.constant(value, dtype) for value in (shift, direction, offset)))


@given(*[st.tuples(numbers, numbers)] * 3, numbers)
def test_every_step_stretches_by_a_positive_factor_and_has_its_inverse(x, shift, direction, offset):
    step = _step(shift, direction, offset, "float64")
    x = tf.constant(x, "float64")
    assert step.largest_stretch > 0.0
    y = step.forward(x)
    # No number is known better than the largest that it is computed from, and how much an error of
    # y moves x is the inverse of the stretch.
    largest = 1.0 + np.abs(step.shift).max() + np.abs(y).max()
    stretch = np.minimum(1.0, np.exp(step.forward_log_det_jacobian(x, 1)))
    shear = 1.0 + np.linalg.norm(shift) * np.linalg.norm(direction)
    # A copy, as a bijector remembers what it has computed.
    back = step.inverse(tf.identity(y))
    np.testing.assert_allclose(back, x, atol=1e-14 * largest * shear / stretch)


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 5e-7), ("float64", 1e-15)])
def test_the_inverse_is_found_to_the_last_digits_for_any_stretch(dtype, tolerance):
    """Of the numbers that it is computed from, for stretches from 1e-6 to 1e6."""
    rng = np.random.default_rng(0)
    count = 10_000
    along = 10.0 ** rng.uniform(-6.0, 6.0, count) * rng.choice([-1.0, 1.0], count)
    place = 10.0 ** rng.uniform(-8.0, 2.0, count) * rng.choice([-1.0, 1.0], count)
    step = _step(along[:, None], np.ones([count, 1]), np.zeros(count), dtype)
    place = tf.constant(place, dtype)
    excess = step.largest_stretch - 1.0
    moved = place + excess * tf.tanh(place)
    found = planar_flow._place_before(moved, step.largest_stretch)
    size = np.abs(place) + np.abs(excess * tf.tanh(place))
    assert (np.abs(found + excess * tf.tanh(found) - moved) <= tolerance * size).all()
    y = step.forward(place[:, None])
    x = step.inverse(tf.identity(y))[:, 0]
    slack = np.minimum(1.0, np.exp(step.forward_log_det_jacobian(place[:, None], 1)))
    assert (np.abs(x - place) <= 10.0 * tolerance * (size + np.abs(y[:, 0])) / slack).all()


def test_every_allowed_vector_comes_from_some_shift():
    """So the constraint takes nothing away from the family of the paper: wᵀv rises from -1 on."""
    along = np.linspace(-1e4, 1e4, 100_001)
    v = _step(along[:, None], np.ones([len(along), 1]), np.zeros(len(along)), "float64").shift
    v = v.numpy()[:, 0]
    assert (np.diff(v) > 0.0).all()
    assert -1.0 < v[0] < -1.0 + 2e-4
    assert v[-1] > 9e3


def test_a_direction_of_zero_is_a_shift_alone():
    step = _step([3.0, -1.0], [0.0, 0.0], 0.5, "float64")
    x = tf.constant([1.0, 2.0], "float64")
    factor = 1.0 / (1.0 + np.log(2.0))
    np.testing.assert_allclose(step.forward(x), x + np.array([3.0, -1.0]) * factor * np.tanh(0.5))
    np.testing.assert_allclose(step.forward_log_det_jacobian(x, 1), 0.0, atol=1e-12)
