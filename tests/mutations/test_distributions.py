"""With a known mistake in a distribution, its check must fail."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats
from tensorflow_probability import distributions as tfd

from tests.support.mutations import Replaced, assert_killed
from tfp_vae import distributions, stateless_random
from tfp_vae.distributions import counts, discretized_logistic, student_t
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


CHECKS = {
    "levels": _check_levels,
    "student's draws": _check_student_draws,
    "counts drawn": _check_counts_drawn,
}

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
    "every Poisson proposal accepted": (
        "counts drawn",
        counts.rejection,
        "_until_accepted",
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
