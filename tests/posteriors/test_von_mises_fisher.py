"""Von Mises-Fisher posteriors: laws, gradients and moments against integrals over the angle."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats
from tensorflow_probability import distributions as tfd

from tests.support.mutations import assert_killed
from tfp_vae import distributions, divergences, posteriors, priors
from tfp_vae.distributions import cosines, turning
from tfp_vae.testing import assert_mean

COUNT = 4000
KEY = tf.constant([3, 4])
ANGLES = np.linspace(0.0, np.pi, 200_001)
SIZES = [2, 3, 5, 40]
CONCENTRATIONS = [0.0, 1.0, 20.0, 1e4]


def _density(size, kappa):
    """The density of the angle to the mean direction at `ANGLES`, by its integral."""
    with np.errstate(divide="ignore"):
        log_density = kappa * (np.cos(ANGLES) - 1.0) + (size - 2) * np.log(np.sin(ANGLES) + 1e-300)
    density = np.exp(log_density - log_density.max())
    return density / np.trapezoid(density, ANGLES)


def _cumulative(size, kappa):
    density = _density(size, kappa)
    steps = 0.5 * (density[1:] + density[:-1]) * np.diff(ANGLES)
    return np.concatenate([[0.0], np.cumsum(steps)])


def _von_mises_fisher(size, kappa):
    """Directions on both sides of the axis at which the reflection changes."""
    direction = np.random.default_rng(size).normal(size=[2, size])
    direction[0, 0], direction[1, 0] = abs(direction[0, 0]), -abs(direction[1, 0])
    direction /= np.linalg.norm(direction, axis=-1, keepdims=True)
    return direction, distributions.VonMisesFisher(direction, np.array([kappa, kappa]))


def _cosine_moments(size, kappa):
    density, cosine = _density(size, kappa), np.cos(ANGLES)
    return tuple(np.trapezoid(density * cosine**power, ANGLES) for power in (1, 2))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kappa", CONCENTRATIONS)
def test_draws_have_the_law_of_the_angle(size, kappa):
    """A Kolmogorov-Smirnov test of level 4e-8, and L + L² moments, for two directions."""
    direction, q = _von_mises_fisher(size, kappa)
    z = q.sample(COUNT, seed=KEY).numpy()
    np.testing.assert_allclose(np.linalg.norm(z, axis=-1), 1.0, rtol=1e-12)
    cumulative = _cumulative(size, kappa)
    distance = np.linalg.norm(z - direction, axis=-1)
    for angles in 2.0 * np.arcsin(np.minimum(0.5 * distance, 1.0)).T:
        ranks = np.interp(angles, ANGLES, cumulative)
        assert stats.kstest(ranks, "uniform", method="asymp").pvalue > 4e-8
    first, second = _cosine_moments(size, kappa)
    assert_mean(z, first * direction)
    along = direction[:, :, None] * direction[:, None, :]
    expected = second * along + (1.0 - second) / (size - 1) * (np.eye(size) - along)
    assert_mean(z[..., :, None] * z[..., None, :], expected)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kappa", CONCENTRATIONS)
def test_moments_are_those_of_the_integral(size, kappa):
    direction, q = _von_mises_fisher(size, kappa)
    first, second = _cosine_moments(size, kappa)
    np.testing.assert_allclose(q.mean(), first * direction, atol=1e-6)
    along = direction[:, :, None] * direction[:, None, :]
    covariance = second * along + (1.0 - second) / (size - 1) * (np.eye(size) - along)
    covariance -= first**2 * along
    np.testing.assert_allclose(q.covariance(), covariance, atol=1e-6, rtol=1e-3)
    variance = np.diagonal(covariance, axis1=1, axis2=2)
    np.testing.assert_allclose(q.stddev() ** 2, variance, atol=1e-6, rtol=1e-3)


@pytest.mark.parametrize("size", [2, 3, 5])
@pytest.mark.parametrize("kappa", [0.3, 20.0])
def test_the_density_is_that_of_the_reference(size, kappa):
    direction, q = _von_mises_fisher(size, kappa)
    z = np.random.default_rng(0).normal(size=[5, 2, size])
    z /= np.linalg.norm(z, axis=-1, keepdims=True)
    reference = tfd.VonMisesFisher(direction, np.array([kappa, kappa]))
    np.testing.assert_allclose(q.log_prob(z), reference.log_prob(z), rtol=1e-8)


@pytest.mark.parametrize("size", [2, 3, 8, 60])
@pytest.mark.parametrize("kappa", [0.01, 2.0, 60.0, 1e4])
def test_the_gradient_of_a_draw_is_that_of_its_quantile(size, kappa):
    concentrations = tf.fill([500], tf.constant(kappa, tf.float64))
    with tf.GradientTape() as tape:
        tape.watch(concentrations)
        gaps = cosines.gaps([500], concentrations, size, KEY)
    slopes = tape.gradient(gaps, concentrations).numpy()
    angles, step = 2.0 * np.arcsin(np.sqrt(0.5 * gaps.numpy())), 1e-3 * kappa
    ranks = np.interp(angles, ANGLES, _cumulative(size, kappa))
    above, below = (
        1.0 - np.cos(np.interp(ranks, _cumulative(size, kappa + sign * step), ANGLES))
        for sign in (1, -1)
    )
    middle = (ranks > 1e-3) & (ranks < 1.0 - 1e-3)
    expected = (above - below)[middle] / (2 * step)
    np.testing.assert_allclose(
        slopes[middle], expected, rtol=2e-3, atol=2e-3 * np.abs(expected).max()
    )


@pytest.mark.parametrize("size", [2, 3, 6])
def test_the_gradient_of_draws_is_that_of_an_integral(size):
    """E c'z and E (c'z)², by κ and by the direction before it has length 1; 4 (L + 1) means."""
    kappa, step = 3.0, 1e-5
    weights = np.random.default_rng(1).normal(size=size)

    def moments(vector, k):
        cosine = weights @ vector / np.linalg.norm(vector)
        first, second = _cosine_moments(size, k)
        across = (1.0 - second) / (size - 1)
        return np.array(
            [first * cosine, (second - across) * cosine**2 + across * weights @ weights]
        )

    for mean_direction in _von_mises_fisher(size, kappa)[0]:
        vector = 2.0 * mean_direction
        loc = tf.constant(np.tile(vector, [COUNT, 1]))
        concentration = tf.fill([COUNT], tf.constant(kappa, tf.float64))
        with tf.GradientTape(persistent=True) as tape:
            tape.watch([loc, concentration])
            unit = loc / tf.norm(loc, axis=-1, keepdims=True)
            z = distributions.VonMisesFisher(unit, concentration).sample(seed=KEY)
            projected = tf.linalg.matvec(z, weights)
            square = tf.square(projected)
        by_kappa = (moments(vector, kappa + step) - moments(vector, kappa - step)) / (2 * step)
        by_loc = [
            (moments(vector + shift, kappa) - moments(vector - shift, kappa)) / (2 * step)
            for shift in step * np.eye(size)
        ]
        for index, drawn in enumerate((projected, square)):
            assert_mean(tape.gradient(drawn, concentration), by_kappa[index], rounding=1e-8)
            expected = np.array(by_loc)[:, index]
            assert_mean(tape.gradient(drawn, loc), expected, rounding=1e-8)


@pytest.mark.parametrize("loc", [-60.0, 0.0, 60.0])
@pytest.mark.parametrize("concentration", [-1e6, -60.0, 0.0, 60.0, 1e6])
def test_extreme_parameters_give_finite_terms_and_gradients(loc, concentration):
    outputs = [tf.fill([2, 4], loc), tf.fill([2, 1], concentration)]
    prior = priors.SphericalUniform()
    prior.build([4])
    p = prior.distribution()
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(outputs)
        q = posteriors.VonMisesFisher(4).distribution(*outputs)
        exact = divergences.exact_kl_divergence(q, p)
        sampled = divergences.sampled_kl_divergence(q, p, q.sample(50, seed=KEY))
    np.testing.assert_allclose(sampled, exact, atol=2.0)
    for value in (exact, sampled):
        gradients = tape.gradient(value, outputs, unconnected_gradients="zero")
        for number in (value, *gradients):
            assert np.isfinite(number).all()


def test_draws_are_the_same_eagerly_and_under_xla():
    layer = posteriors.VonMisesFisher(5)
    features = np.random.default_rng(0).normal(size=[3, 4]).astype("float32")

    def draw(features, seed):
        return layer(features).sample([2], seed=seed)

    compiled = tf.function(draw, jit_compile=True, autograph=False)(features, KEY)
    # Under XLA the inverse error function is another polynomial.
    np.testing.assert_allclose(compiled, draw(features, KEY), rtol=1e-3, atol=1e-4)


def test_a_sphere_of_one_dimension_is_refused():
    with pytest.raises(ValueError, match="`latent_size` must be at least 2"):
        posteriors.VonMisesFisher(1)


CHECKS = {
    "draws": lambda: test_draws_have_the_law_of_the_angle(5, 20.0),
    "moments": lambda: test_moments_are_those_of_the_integral(5, 20.0),
    "density": lambda: test_the_density_is_that_of_the_reference(5, 20.0),
    "gradient of a draw": lambda: test_the_gradient_of_a_draw_is_that_of_its_quantile(8, 2.0),
    "gradient": lambda: test_the_gradient_of_draws_is_that_of_an_integral(3),
}

mean_cosine = cosines.mean_cosine
log_normalization = distributions.VonMisesFisher.log_normalization_at_mode
gaps = cosines.gaps

MUTATIONS = {
    "draws not turned to the mean direction": (
        ["draws", "gradient"],
        turning,
        "turned",
        lambda vectors, direction: vectors + 0.0 * direction,
    ),
    "angles of a sphere of one dimension more": (
        ["draws", "gradient"],
        cosines,
        "gaps",
        lambda shape, concentration, size, seed: gaps(shape, concentration, size + 1, seed),
    ),
    "the ratio of the Bessel functions of the next order": (
        ["moments", "gradient of a draw"],
        cosines,
        "mean_cosine",
        lambda concentration, size: mean_cosine(concentration, size + 2),
    ),
    "half the gradient to the concentration": (
        ["gradient"],
        cosines,
        "gaps",
        lambda shape, concentration, size, seed: gaps(
            shape, 0.5 * concentration + 0.5 * tf.stop_gradient(concentration), size, seed
        ),
    ),
    "a Bessel function for its scaled form": (
        ["density"],
        distributions.VonMisesFisher,
        "log_normalization_at_mode",
        lambda self: log_normalization(self) + self.concentration64,
    ),
}


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mistake_in_the_code_fails_its_check(name):
    checks, *change = MUTATIONS[name]
    assert_killed([change], {check: CHECKS[check] for check in checks})
