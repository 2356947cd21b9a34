"""Logistic-normal posteriors and priors: densities, draws, gradients, exact KL."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from tests.support.mutations import assert_killed
from tfp_vae import distributions, divergences, posteriors, priors
from tfp_vae.distributions import logistic_normal
from tfp_vae.testing import assert_mean

COUNT = 4000
KEY = tf.constant([3, 4])
G = np.random.default_rng(0)


def _drawn(categories, batch=()):
    loc = G.normal(size=[*batch, categories - 1])
    scale = G.uniform(0.3, 1.5, size=[*batch, categories - 1])
    return distributions.LogisticNormal(distributions.MultivariateNormalDiag(loc, scale))


def _built(categories, concentration):
    prior = priors.LogisticNormal(categories, concentration)
    prior.build([categories])
    return prior.distribution()


def _shares(x):
    """Softmax of numbers `[..., K - 1]` and a 0."""
    powers = np.exp(np.concatenate([x, np.zeros_like(x[..., :1])], axis=-1))
    return powers / powers.sum(axis=-1, keepdims=True)


def _log_volume(shares):
    """log |det| of the derivative of the first K - 1 shares by the normal variables."""
    first = shares[..., :-1]
    matrix = first[..., None] * (np.eye(first.shape[-1]) - first[..., None, :])
    return np.linalg.slogdet(matrix)[1]


def test_the_density_integrates_to_1_over_two_shares_and_has_the_mean():
    """The density is in the first two shares; the mean is that of 256 draws, so within 0.05."""
    q, size = _drawn(3), 600
    first, second = np.meshgrid(*2 * [(np.arange(size) + 1 / 3) / size])
    inside = first + second < 1.0
    z = np.stack([first, second, 1.0 - first - second], axis=-1)[inside]
    density = np.exp(q.log_prob(z)) / size**2
    np.testing.assert_allclose(density.sum(), 1.0, atol=5e-3)
    np.testing.assert_allclose(q.mean(), density @ z, atol=0.05)


def test_relaxed_categories_have_a_density_in_the_same_measure():
    """That of two shares, integrated over the first, is 1 for both."""
    first = (np.arange(200_000) + 0.5) / 200_000
    z = np.stack([first, 1.0 - first], axis=-1)
    relaxed = distributions.RelaxedOneHotCategorical(0.7, np.array([[0.3, -0.5]]))
    for q in (_drawn(2), relaxed):
        np.testing.assert_allclose(np.mean(np.exp(q.log_prob(z))), 1.0, rtol=1e-3)


@pytest.mark.parametrize("categories", [2, 3, 7])
def test_draws_and_density_are_those_of_the_normal_through_the_bijection(categories):
    q = _drawn(categories, (4,))
    x, z = q.normal.sample(5, seed=KEY).numpy(), q.sample(5, seed=KEY).numpy()
    np.testing.assert_allclose(z, _shares(x))
    np.testing.assert_allclose(q.log_prob(z), q.normal.log_prob(x) - _log_volume(z))


def test_two_shares_have_the_law_of_a_logit_normal():
    """A Kolmogorov-Smirnov test of level 4e-8."""
    normal = distributions.MultivariateNormalDiag([np.float64(0.7)], [np.float64(0.8)])
    z = distributions.LogisticNormal(normal).sample(COUNT, seed=KEY).numpy()
    logits = np.log(z[:, 0]) - np.log1p(-z[:, 0])
    assert stats.kstest(logits, stats.norm(0.7, 0.8).cdf, method="asymp").pvalue > 4e-8


def test_the_gradient_of_draws_is_that_of_their_expectation():
    """E v_1² of two shares, integrated; two means."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    point, step = np.array([0.4, 0.9]), 1e-5

    def expectation(loc, scale):
        squares = (1.0 + np.exp(-(loc + scale * nodes))) ** -2.0
        return weights @ squares / np.sqrt(2 * np.pi)

    parameters = [tf.fill([COUNT, 1], tf.constant(each, tf.float64)) for each in point]
    with tf.GradientTape() as tape:
        tape.watch(parameters)
        normal = distributions.MultivariateNormalDiag(*parameters)
        value = tf.square(distributions.LogisticNormal(normal).sample(seed=KEY)[:, 0])
    for place, slope in enumerate(tape.gradient(value, parameters)):
        shift = step * np.eye(2)[place]
        moved = [expectation(*(point + sign * shift)) for sign in (1, -1)]
        assert_mean(slope[:, 0], (moved[0] - moved[1]) / (2 * step), rounding=1e-8)


@pytest.mark.usefixtures("float64")
def test_the_kl_agrees_with_the_draws_and_is_exact():
    """Three means."""
    q, p = _drawn(4, (3,)), _built(4, 0.7)
    exact = divergences.exact_kl_divergence(q, p)
    assert exact.shape == [3]
    z = q.sample(COUNT, seed=KEY)
    assert_mean(q.log_prob(z) - p.log_prob(z), exact)
    np.testing.assert_allclose(divergences.exact_kl_divergence(q, q), np.zeros(3), atol=1e-12)
    assert divergences.kl_divergence_per_dimension(q, p) is None


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize(("categories", "concentration"), [(2, 1.0), (4, 0.3), (5, 20.0)])
def test_the_prior_is_the_laplace_approximation_of_the_dirichlet(categories, concentration):
    """Mode and curvature of the Dirichlet density of x, by finite differences."""
    size, step = categories - 1, 1e-3
    normal = _built(categories, concentration).normal

    def log_density(x):
        shares = _shares(x)
        log_prob = stats.dirichlet(np.full(categories, concentration)).logpdf(shares.T)
        return log_prob + _log_volume(shares)

    moves = step * np.eye(size)
    signs = [(1, 1), (1, -1), (-1, 1), (-1, -1)]
    curvature = sum(
        i * j * log_density((i * moves[:, None] + j * moves).reshape([-1, size])) for i, j in signs
    ).reshape([size, size]) / (4 * step**2)
    np.testing.assert_allclose(log_density(moves), log_density(-moves), atol=1e-6)
    np.testing.assert_allclose(normal.mean(), np.zeros(size))
    np.testing.assert_allclose(normal.covariance(), np.linalg.inv(-curvature), rtol=1e-4)


@pytest.mark.usefixtures("float64")
def test_all_categories_of_the_prior_are_alike():
    """Four shares and their squares, against those of the first: six means."""
    z = _built(4, 0.5).sample(COUNT, seed=KEY).numpy()
    assert_mean(z[:, 1:] - z[:, :1], np.zeros(3))
    assert_mean(z[:, 1:] ** 2 - z[:, :1] ** 2, np.zeros(3))


def test_the_mean_of_a_row_does_not_depend_on_its_place():
    q = _drawn(5, (6,))
    np.testing.assert_allclose(q.mean()[3], q[3].mean(), rtol=1e-12)
    np.testing.assert_allclose(q.stddev()[3], q[3].stddev(), rtol=1e-12)
    np.testing.assert_allclose(tf.reduce_sum(q.mean(), axis=-1), 1.0)


@pytest.mark.parametrize("loc", [-1e4, -60.0, 60.0, 1e4])
@pytest.mark.parametrize("scale", [-1e4, -60.0, 60.0, 1e4])
def test_extreme_parameters_give_finite_terms_and_gradients(loc, scale):
    outputs = [tf.fill([2, 2], each) for each in (loc, scale)]
    p = _built(3, 0.1)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(outputs)
        q = posteriors.LogisticNormal(3).distribution(*outputs)
        exact = divergences.exact_kl_divergence(q, p)
        z = q.sample(50, seed=KEY)
        sampled = divergences.sampled_kl_divergence(q, p, z)
    assert np.isfinite(z).all()
    for value in (exact, sampled):
        for number in (value, *tape.gradient(value, outputs)):
            assert np.isfinite(number).all()


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: posteriors.LogisticNormal(1), ValueError, "`categories` must be at least 2"),
        (lambda: posteriors.LogisticNormal(2.0), TypeError, "`categories` must be a positive int"),
        (lambda: priors.LogisticNormal(1), ValueError, "`categories` must be at least 2"),
        (lambda: priors.LogisticNormal(3, 0.0), ValueError, "`concentration` must be"),
        (lambda: priors.LogisticNormal(3).build([4]), ValueError, "`prior` must have as many"),
    ],
)
def test_wrong_arguments_are_named(make, error, message):
    with pytest.raises(error, match=message):
        make()


CHECKS = {
    "density": lambda: test_draws_and_density_are_those_of_the_normal_through_the_bijection(3),
    "law": test_two_shares_have_the_law_of_a_logit_normal,
    "measure": test_relaxed_categories_have_a_density_in_the_same_measure,
    "kl": test_the_kl_agrees_with_the_draws_and_is_exact,
    "prior": lambda: test_the_prior_is_the_laplace_approximation_of_the_dirichlet(4, 0.3),
    "alike": test_all_categories_of_the_prior_are_alike,
}

to_shares = logistic_normal._shares
log_prob = distributions.LogisticNormal._log_prob

MUTATIONS = {
    "the determinant forgotten": (
        ["density", "measure"],
        distributions.LogisticNormal,
        "_log_prob",
        lambda self, z: log_prob(self, z) + tf.reduce_sum(tf.math.log(z), axis=-1),
    ),
    "the last share not in the determinant": (
        ["density", "measure"],
        distributions.LogisticNormal,
        "_log_prob",
        lambda self, z: log_prob(self, z) + tf.math.log(z[..., -1]),
    ),
    "the first variable is 0": (
        ["density", "law", "kl"],
        logistic_normal,
        "_shares",
        lambda x: tf.roll(to_shares(x), 1, axis=-1),
    ),
    "no covariances in the prior": (
        ["prior", "alike"],
        tf.linalg,
        "cholesky",
        lambda covariance: tf.linalg.diag(tf.sqrt(tf.linalg.diag_part(covariance))),
    ),
}


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mistake_in_the_code_fails_its_check(name):
    checks, *change = MUTATIONS[name]
    assert_killed([change], {check: CHECKS[check] for check in checks})
