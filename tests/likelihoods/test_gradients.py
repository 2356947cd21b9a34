"""Gradients against finite differences, and values and gradients far out, of every likelihood."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from tfp_vae import likelihoods
from tfp_vae.testing import strategies


def _log_prob_and_gradient(layer, features, x):
    features = tf.constant(features, layer.variable_dtype)
    with tf.GradientTape() as tape:
        tape.watch(features)
        log_prob = layer(features).log_prob(tf.constant(x, layer.variable_dtype))
        total = tf.reduce_sum(log_prob)
    return log_prob.numpy(), tape.gradient(total, features).numpy()


@pytest.mark.usefixtures("float64")
@given(st.data(), st.integers(0, 2**31))
def test_gradient_is_that_of_finite_differences(data, seed):
    """Along one direction, which every head sees, of steps both ways."""
    layer = data.draw(strategies.likelihoods([3]))
    rng = np.random.default_rng(seed)
    features, direction = rng.normal(size=[2, 4, 5])
    x = strategies.observed(layer, 4, seed)
    layer.build([None, 5])
    _, gradient = _log_prob_and_gradient(layer, features, x)
    step = 1e-5
    ahead, behind = (
        _log_prob_and_gradient(layer, features + sign * step * direction, x)[0]
        for sign in (1.0, -1.0)
    )
    along = (gradient * direction).sum(axis=-1)
    np.testing.assert_allclose(along, (ahead - behind) / (2.0 * step), rtol=1e-4, atol=1e-4)


FAR = {
    "Gamma": (lambda: likelihoods.Gamma([2]), [1e-30, 1e7]),
    "Laplace": (lambda: likelihoods.Laplace([2]), [1e30, -1e30]),
    "StudentT": (lambda: likelihoods.StudentT([2], df="learned"), [1e30, -1e30]),
    "Poisson": (lambda: likelihoods.Poisson([2]), [0.0, 1e7]),
    "NegativeBinomial": (
        lambda: likelihoods.NegativeBinomial([2], dispersion="learned"),
        [0.0, 1e7],
    ),
    "ZeroInflatedNegativeBinomial": (
        lambda: likelihoods.ZeroInflatedNegativeBinomial([2], dispersion="learned"),
        [0.0, 1e7],
    ),
    "Multinomial": (lambda: likelihoods.Multinomial([2]), [0.0, 3.0, 1e7]),
    "DirichletMultinomial": (
        lambda: likelihoods.DirichletMultinomial([2], concentration="learned"),
        [0.0, 3.0, 1e7],
    ),
    "DiscretizedLogistic": (lambda: likelihoods.DiscretizedLogistic([2]), [0.0, 7.0, 255.0]),
    "DiscretizedLogisticMixture": (
        lambda: likelihoods.DiscretizedLogisticMixture([2], 2),
        [0.0, 7.0, 255.0],
    ),
    "Categorical": (lambda: likelihoods.Categorical([2], 3), [0.0, 2.0]),
    "AutoregressiveCategorical": (
        lambda: likelihoods.AutoregressiveCategorical([2], 3),
        [0.0, 2.0],
    ),
}


@pytest.mark.parametrize("name", FAR)
@pytest.mark.parametrize("parameter", [-1000.0, -30.0, 0.0, 30.0, 1000.0])
def test_values_and_gradients_are_finite_in_float32(name, parameter):
    make, values = FAR[name]
    layer = make()
    layer.build([None, 4])
    for signs in ([1.0, 1.0, 1.0], [1.0, -1.0, -1.0]):
        for sign, head in zip(signs, layer.heads.values(), strict=False):
            head.kernel.assign(sign * np.eye(*head.kernel.shape, dtype="float32"))
        for value in values:
            log_prob, gradient = _log_prob_and_gradient(
                layer, np.full([1, 4], parameter), np.full([1, 2], value)
            )
            assert log_prob.dtype == "float32"
            assert np.isfinite(log_prob).all()
            assert np.isfinite(gradient).all()
