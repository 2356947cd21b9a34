"""The draws of our own distributions: the same however TensorFlow runs, and of the right law."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from tfp_vae import distributions
from tfp_vae.testing import assert_mean

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
    "Normal": (distributions.Normal, {"loc": 0.5, "scale": 2.0}, stats.norm(0.5, 2.0)),
    "ContinuousBernoulli": (
        lambda logits: distributions.ContinuousBernoulli(logits=logits, dtype=logits.dtype),
        {"logits": -3.0},
        stats.truncexpon(3.0, scale=1.0 / 3.0),
    ),
    **{
        f"Gamma of concentration {concentration}": (
            distributions.Gamma,
            {"concentration": concentration, "log_rate": 0.5},
            stats.gamma(concentration, scale=np.exp(-0.5)),
        )
        for concentration in (0.1, 1.0, 30.0)
    },
}


COUNTS = {
    **{
        f"Poisson of rate {rate}": (
            distributions.Poisson,
            {"log_rate": np.log(rate)},
            stats.poisson(rate),
        )
        for rate in (0.01, 1.0, 9.9, 10.0, 37.5, 1e5)
    },
    **{
        f"NegativeBinomial of {successes}, {mean}": (
            distributions.NegativeBinomial,
            {"total_count": successes, "logits": np.log(mean / successes)},
            stats.nbinom(successes, successes / (successes + mean)),
        )
        for successes, mean in ((0.05, 2.0), (0.9, 5.0), (1.0, 5.0), (4.0, 100.0), (1e5, 3.0))
    },
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


@pytest.mark.parametrize("name", COUNTS)
def test_counts_follow_the_law(name):
    """The frequencies of the counts that cut the law into eight parts, and the mean."""
    kind, parameters, law = COUNTS[name]
    draws = _made(kind, parameters, "float64").sample(COUNT, seed=SEED).numpy()
    cuts = np.unique(law.ppf(np.arange(1, 8) / 8))
    assert_mean(draws[:, None] <= cuts, law.cdf(cuts))
    assert_mean(draws, law.mean())


def test_ones_are_drawn_as_often_as_they_are_probable():
    probs = np.array([0.0, 0.2, 0.9, 1.0])
    draws = distributions.Bernoulli(probs=probs, dtype=tf.float64).sample(COUNT, seed=SEED)
    assert_mean(draws, probs)


def test_zeros_are_inflated_by_their_probability():
    counts = distributions.NegativeBinomial(total_count=tf.constant(2.0), logits=tf.constant(1.0))
    for probability in (0.0, 0.3, 1.0):
        draws = distributions.ZeroInflatedNegativeBinomial(
            distribution=counts, inflated_loc_probs=tf.constant(probability)
        ).sample(COUNT, seed=SEED)
        zero = stats.nbinom(2.0, 1.0 / (1.0 + np.e)).pmf(0)
        expected = probability + (1.0 - probability) * zero
        assert_mean(draws.numpy() == 0.0, expected)


XLA = {
    "Gamma": (
        distributions.Gamma,
        {"concentration": np.array([0.3, 2.0]), "log_rate": np.array([1.0, -1.0])},
        None,
    ),
    "Beta": (
        distributions.Beta,
        {"concentration1": np.array([0.5, 2.0]), "concentration0": np.array([1.0, 0.7])},
        None,
    ),
    "Laplace": CONTINUOUS["Laplace"],
    "StudentT": CONTINUOUS["StudentT"],
    "Normal": CONTINUOUS["Normal"],
    "ContinuousBernoulli": CONTINUOUS["ContinuousBernoulli"],
    "Bernoulli": (distributions.Bernoulli, {"logits": np.array([-1.0, 2.0])}, None),
    "Poisson": (distributions.Poisson, {"log_rate": np.log([0.3, 20.0])}, None),
    "NegativeBinomial": (
        distributions.NegativeBinomial,
        {"total_count": np.array([0.3, 2.0]), "logits": np.array([2.0, 3.0])},
        None,
    ),
}


@pytest.mark.parametrize("name", XLA)
def test_eager_draws_equal_compiled_ones(name):
    """The parameters are arguments: XLA would work out a loop over constants at its leisure."""
    kind, parameters, _ = XLA[name]

    def draw(seed, **parameters):
        return kind(**parameters).sample([50, 2], seed=seed)

    arguments = {name: tf.constant(value, tf.float32) for name, value in parameters.items()}
    seed = tf.constant(SEED)
    eager = draw(seed, **arguments)
    for compiled in (False, True):
        graph = tf.function(draw, jit_compile=compiled)(seed, **arguments)
        assert graph.shape == eager.shape
        np.testing.assert_allclose(graph, eager, rtol=1e-5, atol=1e-5)


def test_classes_are_drawn_as_often_as_they_are_probable():
    probs = np.array([[0.1, 0.2, 0.7], [0.5, 0.0, 0.5]])
    codes = distributions.Categorical(probs=probs, dtype=tf.float64).sample(COUNT, seed=SEED)
    assert_mean(np.eye(3)[codes.numpy().astype(int)], probs)
