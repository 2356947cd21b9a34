"""The draws of our own distributions: the same however TensorFlow runs, and of the right law."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from tfp_vae import distributions
from zscores import assert_mean

SEED = [3, 4]
COUNT = 20_000

CONTINUOUS = {
    "StudentT": (
        distributions.StudentT,
        {"df": 2.5, "loc": 0.5, "scale": 2.0},
        stats.t(2.5, 0.5, 2.0),
    ),
    "StudentT near the normal": (
        distributions.StudentT,
        {"df": 1e6, "loc": 0.5, "scale": 2.0},
        stats.t(1e6, 0.5, 2.0),
    ),
    "Laplace": (distributions.Laplace, {"loc": 0.5, "scale": 2.0}, stats.laplace(0.5, 2.0)),
}


def _made(kind, parameters, dtype):
    return kind(**{name: tf.constant(value, dtype) for name, value in parameters.items()})


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", CONTINUOUS)
def test_draws_follow_the_law(name, dtype):
    """A Kolmogorov-Smirnov test of level 4e-8."""
    kind, parameters, law = CONTINUOUS[name]
    draws = _made(kind, parameters, dtype).sample(COUNT, seed=SEED).numpy()
    assert draws.dtype == dtype
    assert stats.kstest(draws, law.cdf).pvalue > 4e-8


@pytest.mark.parametrize("compiled", [False, True])
def test_eager_draws_equal_compiled_ones(compiled):
    def draw():
        return {
            name: _made(kind, parameters, "float32").sample([50, 2], seed=SEED)
            for name, (kind, parameters, _) in CONTINUOUS.items()
        }

    eager, graph = draw(), tf.function(draw, jit_compile=compiled)()
    for name, draws in eager.items():
        assert draws.shape == [50, 2]
        np.testing.assert_allclose(graph[name], draws, rtol=1e-5, atol=1e-5, err_msg=name)


def test_classes_are_drawn_as_often_as_they_are_probable():
    probs = np.array([[0.1, 0.2, 0.7], [0.5, 0.0, 0.5]])
    codes = distributions.Categorical(probs=probs, dtype=tf.float64).sample(COUNT, seed=SEED)
    assert_mean(np.eye(3)[codes.numpy().astype(int)], probs)
