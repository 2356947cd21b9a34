"""With a known mistake in a distribution, its check must fail."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import special, stats
from tensorflow_probability import distributions as tfd

from tests.support.mutations import Replaced, assert_killed
from tfp_vae import distributions, stateless_random
from tfp_vae.distributions import (
    counts,
    discretized_logistic,
    multinomial_draws,
    row_counts,
    student_t,
)
from tfp_vae.testing import assert_close, assert_mean

pytestmark = pytest.mark.usefixtures("float64")


def _check_levels():
    levels = distributions.DiscretizedLogistic.from_levels(
        tf.constant(9.3, tf.float64), tf.constant(4.0, tf.float64), 17
    )
    law = stats.logistic(9.3, 4.0)
    ends = np.concatenate([[-np.inf], np.arange(16) + 0.5, [np.inf]])
    expected = np.diff(law.cdf(ends))
    assert_close(np.exp(levels.log_prob(np.arange(17.0))), expected)
    assert_close(levels.mean(), (expected * np.arange(17.0)).sum())


def _check_student_draws():
    draws = distributions.StudentT(tf.constant(5.0, tf.float64), 0.0, 1.0).sample(9000, [1, 2])
    assert_mean(draws.numpy()[:, None] <= [-1.0, 0.0, 2.0], stats.t(5.0).cdf([-1.0, 0.0, 2.0]))


def _check_counts_drawn():
    draws = distributions.Poisson(rate=tf.constant(12.0, tf.float64)).sample(20_000, [1, 2])
    cuts = stats.poisson(12.0).ppf([0.01, 0.1, 0.5, 0.9, 0.99])
    assert_mean(draws.numpy()[:, None] <= cuts, stats.poisson(12.0).cdf(cuts))
    for total_count, logits in ((0.5, 2.0), (4.0, 3.0)):
        drawn = distributions.NegativeBinomial(
            total_count=tf.constant(total_count, tf.float64),
            logits=tf.constant(logits, tf.float64),
        ).sample(9000, [1, 2])
        law = stats.nbinom(total_count, 1.0 / (1.0 + np.exp(logits)))
        cuts = law.ppf([0.3, 0.6, 0.9])
        assert_mean(drawn.numpy()[:, None] <= cuts, law.cdf(cuts))


def _check_rows_of_counts():
    logits, x = np.array([0.3, -1.0, 0.0]), np.array([5.0, 0.0, 40.0])
    found = distributions.Multinomial(tf.constant(logits), 1.0).log_prob(x)
    assert_close(found, stats.multinomial(45, special.softmax(logits)).logpmf(x))
    found = distributions.DirichletMultinomial(tf.constant(logits), 1.0).log_prob(x)
    assert_close(found, stats.dirichlet_multinomial(np.exp(logits), 45).logpmf(x))


def _check_binomial_draws():
    for total, probability in ((9, 0.4), (90, 0.6)):
        law = stats.binom(total, probability)
        draws = distributions.Multinomial(
            tf.constant(np.log([probability, 1.0 - probability])), total
        ).sample(9000, [1, 2])
        cuts = law.ppf([0.05, 0.3, 0.6, 0.9])
        assert_mean(draws.numpy()[:, :1] <= cuts, law.cdf(cuts))


CHECKS = {
    "rows of counts": _check_rows_of_counts,
    "binomial draws": _check_binomial_draws,
    "levels": _check_levels,
    "student's draws": _check_student_draws,
    "counts drawn": _check_counts_drawn,
}

binomial = multinomial_draws.binomial
log_gamma = counts.rejection.log_gamma

MUTATIONS = {
    "a level's upper end a whole level off": (
        "levels",
        distributions.DiscretizedLogistic,
        "from_levels",
        classmethod(
            lambda kind, loc, scale, levels: kind(
                tfd.Logistic(loc, scale), low=0.0, high=levels - 1.0
            )
        ),
    ),
    "a level's width left out": (
        "levels",
        discretized_logistic,
        "tf",
        Replaced(tf, math=Replaced(tf.math, expm1=lambda x: -tf.ones_like(x))),
    ),
    "the degrees of freedom halved in the draws": (
        "student's draws",
        student_t,
        "tf",
        Replaced(tf, math=Replaced(tf.math, expm1=lambda x: tf.math.expm1(2.0 * x))),
    ),
    "small gamma numbers not brought down": (
        "counts drawn",
        counts.rejection,
        "log_gamma",
        lambda shape, concentration, seed: log_gamma(
            shape, tf.where(concentration < 1.0, concentration + 1.0, concentration), seed
        ),
    ),
    "Stirling's correction of a factorial left out": (
        "rows of counts",
        row_counts,
        "_correction",
        tf.zeros_like,
    ),
    "a deviance without its mean": (
        "rows of counts",
        row_counts,
        "deviance",
        lambda x, log_x, mean, log_mean: x * (log_x - log_mean) - 0.5 * x,
    ),
    "every binomial proposal accepted": (
        "binomial draws",
        multinomial_draws.rejection,
        "until_accepted",
        lambda propose, shape, seed: propose(*stateless_random.uniform_pair(shape, seed, 0))[0],
    ),
    "success and failure of a frequent outcome exchanged": (
        "binomial draws",
        multinomial_draws,
        "binomial",
        lambda total, probability, seed: binomial(
            total, tf.minimum(probability, 1.0 - probability), seed
        ),
    ),
    "every Poisson proposal accepted": (
        "counts drawn",
        counts.rejection,
        "until_accepted",
        lambda propose, shape, seed: propose(*stateless_random.uniform_pair(shape, seed, 0))[0],
    ),
}


@pytest.mark.parametrize("name", CHECKS)
def test_every_check_passes_on_the_code_as_it_is(name):
    CHECKS[name]()


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mistake_in_the_code_fails_a_property(name):
    check, *change = MUTATIONS[name]
    assert_killed([change], {check: CHECKS[check]})
