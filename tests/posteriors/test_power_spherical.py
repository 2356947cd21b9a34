"""Power spherical posteriors: densities, moments, gradients, draws."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import special, stats

from tests.support.mutations import assert_killed
from tfp_vae import distributions, posteriors
from tfp_vae.distributions import rejection
from tfp_vae.testing import assert_mean

COUNT = 4000
KEY = tf.constant([3, 4])


def _power_spherical(size, kappa, count=None):
    """Directions on both sides of the axis at which the reflection changes."""
    direction = np.random.default_rng(size).normal(size=[2, size])
    direction[0, 0], direction[1, 0] = abs(direction[0, 0]), -abs(direction[1, 0])
    direction /= np.linalg.norm(direction, axis=-1, keepdims=True)
    return direction, distributions.PowerSpherical(direction, np.array([kappa, kappa]))


@pytest.mark.parametrize("size", [2, 3, 9])
@pytest.mark.parametrize("kappa", [1.0, 7.5, 1e3])
def test_power_spherical_draws_have_the_law_of_the_cosine(size, kappa):
    """A Kolmogorov-Smirnov test of level 4e-8 and 2 (L + L²) moments."""
    direction, q = _power_spherical(size, kappa)
    z = q.sample(COUNT, seed=KEY).numpy()
    np.testing.assert_allclose(np.linalg.norm(z, axis=-1), 1.0, rtol=1e-12)
    heights = (1 + np.einsum("sbl,bl->sb", z, direction)) / 2
    law = stats.beta((size - 1) / 2 + kappa, (size - 1) / 2)
    for column in heights.T:
        assert stats.kstest(np.clip(column, 0.0, 1.0), law.cdf, method="asymp").pvalue > 4e-8
    mean = kappa / (kappa + size - 1) * direction
    np.testing.assert_allclose(q.mean(), mean)
    assert_mean(z, mean)
    # Across the direction the spread is the same everywhere, and all squares add up to 1.
    second = law.var() * 4 + law.stats("m") ** 2 * 4 - 4 * law.stats("m") + 1
    along = direction[:, :, None] * direction[:, None, :]
    across = (1 - second) / (size - 1) * (np.eye(size) - along)
    assert_mean(z[..., :, None] * z[..., None, :], second * along + across)
    variance = np.diagonal(second * along + across, axis1=1, axis2=2) - mean**2
    np.testing.assert_allclose(q.variance(), variance, rtol=1e-6)


@pytest.mark.parametrize("size", [2, 3, 6])
def test_power_spherical_density_is_that_of_the_paper(size):
    direction, q = _power_spherical(size, 4.0)
    z = np.random.default_rng(0).normal(size=[5, 2, size])
    z /= np.linalg.norm(z, axis=-1, keepdims=True)
    cosine, half = np.sum(z * direction, axis=-1), (size - 1) / 2
    log_normaliser = (
        (2 * half + 4.0) * np.log(2.0)
        + half * np.log(np.pi)
        + special.gammaln(half + 4.0)
        - special.gammaln(2 * half + 4.0)
    )
    np.testing.assert_allclose(q.log_prob(z), 4.0 * np.log1p(cosine) - log_normaliser, rtol=1e-9)


@pytest.mark.parametrize("size", [2, 3, 6])
def test_gradient_of_power_spherical_draws_is_that_of_their_moments(size):
    """E[c'z] = κ / (κ + L - 1) c'μ, and E[(c'z)²] likewise; 4 (L + 1) means."""
    kappa = 3.0
    direction, _ = _power_spherical(size, kappa)
    weights = np.random.default_rng(1).normal(size=size)
    for mean_direction in direction:
        loc = tf.constant(np.tile(2.0 * mean_direction, [COUNT, 1]))
        concentration = tf.fill([COUNT], tf.constant(kappa, tf.float64))
        with tf.GradientTape(persistent=True) as tape:
            tape.watch([loc, concentration])
            unit = loc / tf.norm(loc, axis=-1, keepdims=True)
            projected = tf.linalg.matvec(
                distributions.PowerSpherical(unit, concentration).sample(seed=KEY), weights
            )
            square = tf.square(projected)

        def moments(vector, k):
            """The first and the second moment of c'z."""
            cosine = weights @ vector / np.linalg.norm(vector)
            first = k / (k + size - 1)
            a, b = (size - 1) / 2 + k, (size - 1) / 2
            second = 4 * a * (a + 1) / ((a + b) * (a + b + 1)) - 4 * a / (a + b) + 1
            across = (1 - second) / (size - 1)
            return np.array(
                [first * cosine, (second - across) * cosine**2 + across * weights @ weights]
            )

        step = 1e-5
        by_kappa = (
            moments(mean_direction, kappa + step) - moments(mean_direction, kappa - step)
        ) / (2 * step)
        by_loc = np.stack(
            [
                moments(2.0 * mean_direction + shift, kappa)
                - moments(2.0 * mean_direction - shift, kappa)
                for shift in step * np.eye(size)
            ],
            axis=-1,
        ) / (2 * step)
        for index, drawn in enumerate((projected, square)):
            assert_mean(tape.gradient(drawn, concentration), by_kappa[index])
            assert_mean(tape.gradient(drawn, loc), by_loc[index])


def test_a_direction_of_no_length_is_the_first_axis():
    q = posteriors.PowerSpherical(3)(np.zeros([2, 4], "float32"))
    np.testing.assert_array_equal(q.mean_direction, np.eye(3)[[0, 0]])
    assert np.isfinite(q.log_prob(q.sample(5, seed=0))).all()
    assert np.isfinite(q.log_prob(-np.eye(3, dtype="float32")[0])).all()


def test_draws_are_the_same_eagerly_and_under_xla():
    features = np.random.default_rng(0).normal(size=[3, 4]).astype("float32")
    layers = [
        posteriors.MultivariateNormalDiagPlusLowRank(3),
        posteriors.MultivariateNormalTriL(3),
        posteriors.PowerSpherical(3),
    ]

    def draw(features, seed):
        return [layer(features).sample([2], seed=seed) for layer in layers]

    # Arguments, as what is drawn from constants XLA would compute while it compiles.
    compiled = tf.function(draw, jit_compile=True, autograph=False)(features, KEY)
    eager = draw(features, KEY)
    for one, another in zip(eager, compiled, strict=True):
        # Under XLA the inverse error function is another polynomial.
        np.testing.assert_allclose(one, another, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: posteriors.PowerSpherical(1), ValueError, "`latent_size` must be at least 2"),
        (
            lambda: posteriors.MultivariateNormalDiagPlusLowRank(2, rank=3),
            ValueError,
            "`rank` must be at most `latent_size`, 2; got 3",
        ),
        (
            lambda: posteriors.MultivariateNormalDiagPlusLowRank(2, rank=1.0),
            TypeError,
            "`rank` must be a positive int",
        ),
        (
            lambda: posteriors.MultivariateNormalTriL(2, scale_floor=-1.0),
            ValueError,
            "`scale_floor` must be",
        ),
    ],
)
def test_wrong_arguments_are_named(make, error, message):
    with pytest.raises(error, match=message):
        make()


CHECKS = {
    "sphere draws": lambda: test_power_spherical_draws_have_the_law_of_the_cosine(3, 7.5),
    "sphere density": lambda: test_power_spherical_density_is_that_of_the_paper(3),
    "sphere gradient": lambda: test_gradient_of_power_spherical_draws_is_that_of_their_moments(3),
}


def _changed_power_spherical(**changed):
    """Returns the density's normaliser with something in it changed."""
    values = {"power": 1.0, "circle": 1.0, **changed}

    def log_normalization(self):
        second = tf.constant(self.half_size, tf.float64)
        first = second + self.concentration
        return (
            values["power"] * (first + second) * tf.math.log(tf.constant(2.0, tf.float64))
            + values["circle"] * second * 1.1447298858494002
            + tf.math.lgamma(first)
            - tf.math.lgamma(first + second)
        )

    return log_normalization


gamma = rejection.gamma
sphere_draw = distributions.PowerSpherical._draw

MUTATIONS = {
    "draws not turned to the mean direction": (
        "sphere draws",
        distributions.PowerSpherical,
        "_turned",
        lambda self, draws: draws,
    ),
    "draws turned to the opposite": (
        "sphere draws",
        distributions.PowerSpherical,
        "_draw",
        lambda self, shape, seed: -sphere_draw(self, shape, seed),
    ),
    "the power of two forgotten in the density": (
        "sphere density",
        distributions.PowerSpherical,
        "log_normalization",
        _changed_power_spherical(power=0.0),
    ),
    "the circle of directions forgotten in the density": (
        "sphere density",
        distributions.PowerSpherical,
        "log_normalization",
        _changed_power_spherical(circle=0.0),
    ),
    "half the gradient through the gamma numbers": (
        "sphere gradient",
        rejection,
        "gamma",
        lambda shape, concentration, seed: gamma(
            shape, 0.5 * concentration + 0.5 * tf.stop_gradient(concentration), seed
        ),
    ),
    "gamma numbers of twice the concentration": (
        "sphere draws",
        rejection,
        "gamma",
        lambda shape, concentration, seed: gamma(shape, 2.0 * concentration, seed),
    ),
}


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mistake_in_the_code_fails_its_check(name):
    check, *change = MUTATIONS[name]
    assert_killed([change], {check: CHECKS[check]})
