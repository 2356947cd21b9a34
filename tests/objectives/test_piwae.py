"""The bound whose encoder and decoder have gradients of their own."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import importance_formulas
from tfp_vae import objectives
from tfp_vae.testing import assert_close, diagonal_normal, strategies
from tfp_vae.testing.objective_properties import gradients

pytestmark = pytest.mark.usefixtures("float64")

linear_gaussians = strategies.linear_gaussians()


@settings(max_examples=15)
@given(linear_gaussians, st.integers(1, 4), st.integers(1, 4))
def test_every_network_has_the_gradient_of_its_own_bound(model, size, groups):
    importance_formulas.check_partially_importance_weighted_gradient(
        objectives.PIWAE(size * groups, size), model
    )


@settings(max_examples=5)
@given(linear_gaussians, st.integers(1, 6))
def test_one_group_is_the_importance_weighted_bound(model, size):
    found, expected = (
        gradients(objective, model, count=20)
        for objective in (objectives.PIWAE(size, size), objectives.IWAE(size))
    )
    assert_close(np.stack(found.terms), np.stack(expected.terms))
    for group in ("encoder", "decoder", "prior"):
        assert_close(getattr(found, group), getattr(expected, group))


def test_a_group_without_weight_leaves_the_encoder_its_gradient():
    """In float32, e^-200 is zero: what the decoder does not feel, the encoder of its group does."""
    loc, weight = tf.Variable(np.zeros([1, 1])), tf.Variable(1.0, dtype=tf.float64)
    means = np.array([20.0, 0.0])[:, None, None]

    def gradients(dtype):
        with tf.GradientTape() as tape:
            terms = objectives.PIWAE(2, 1)(
                np.zeros([1, 1]),
                posterior=diagonal_normal(tf.cast(loc, dtype), np.full([1, 1], 1e-3, dtype)),
                prior=diagonal_normal(np.zeros(1, dtype), np.ones(1, dtype)),
                likelihood_fn=lambda z: diagonal_normal(
                    tf.cast(weight, dtype) * (z + means.astype(dtype)), np.ones(1, dtype)
                ),
                seed=0,
            )
        return tape.gradient(terms.objective, [loc, weight])

    of_loc, of_weight = gradients("float32")
    exact_loc, exact_weight = gradients("float64")
    assert_close(of_loc, exact_loc, 1e-3)
    assert_close(of_weight, exact_weight, 1e-3, 1e-3)
    assert_close(exact_loc, [[-10.0]], 1e-2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"importance_sample_size": 0}, "`importance_sample_size` must be a positive int; got 0"),
        ({"encoder_importance_sample_size": 2.0}, "`encoder_importance_sample_size` must be"),
        (
            {"encoder_importance_sample_size": 7},
            "`encoder_importance_sample_size` must be a divisor of `importance_sample_size`, 64; "
            "got 7",
        ),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises((TypeError, ValueError), match=message):
        objectives.PIWAE(**arguments)
