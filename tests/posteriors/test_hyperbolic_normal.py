"""Wrapped normal posteriors: against the Poincare ball, integrals and the flat limit."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from tests.support.mutations import assert_killed
from tests.support.small_models import vae_with
from tfp_vae import distributions, divergences, posteriors, priors
from tfp_vae.distributions import hyperbolic_geometry
from tfp_vae.testing import assert_mean

COUNT = 4000
KEY = tf.constant([3, 4])
LOC = np.array([1.2, -0.5])
SCALE = np.array([0.4, 0.9])


def _ball(vector, curvature):
    """The point of the ball at the end of a path from the origin."""
    norm = np.sqrt(curvature) * np.linalg.norm(vector, axis=-1, keepdims=True)
    return vector * np.tanh(norm / 2) / norm


def _vector(point, curvature):
    norm = np.sqrt(curvature) * np.linalg.norm(point, axis=-1, keepdims=True)
    return 2.0 * point * np.arctanh(norm) / norm


def _mobius_sum(x, y, curvature):
    xy = np.sum(x * y, axis=-1, keepdims=True)
    xx, yy = (np.sum(each**2, axis=-1, keepdims=True) for each in (x, y))
    above = (1 + 2 * curvature * xy + curvature * yy) * x + (1 - curvature * xx) * y
    return above / (1 + 2 * curvature * xy + curvature**2 * xx * yy)


def _grid(q, half_width=9.0, size=900):
    axis = (np.arange(size) + 0.5) * 2 * half_width / size - half_width
    z = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape([-1, 2])
    return z, q.log_prob(z).numpy(), (2 * half_width / size) ** 2


@pytest.mark.parametrize("curvature", [0.3, 1.0, 4.0])
def test_draws_and_density_are_those_in_the_poincare_ball(curvature):
    """Mathieu et al. (2019): the exponential map at a point is a Mobius sum.

    Their density is in hyperbolic volume, λ^L times that of the ball, which the derivative of the
    ball by the vector takes to that of the vector.
    """
    size = 3
    loc, scale = np.array([0.8, -0.3, 0.5]), np.array([0.4, 0.9, 0.6])
    q = distributions.HyperbolicNormal(loc, scale, curvature)
    plain = distributions.HyperbolicNormal(np.zeros(3), scale, curvature)
    v, z = (each.sample(20, seed=KEY).numpy() for each in (plain, q))
    ball = _mobius_sum(_ball(loc, curvature), _ball(v, curvature), curvature)
    np.testing.assert_allclose(z, _vector(ball, curvature), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(distributions.poincare_ball(z, curvature), ball, atol=1e-9)
    root = np.sqrt(curvature)
    radius, distance = (root * np.linalg.norm(each, axis=-1) for each in (v, z))
    normal = stats.norm(0.0, scale).logpdf(v).sum(axis=-1)
    hyperbolic = normal + (size - 1) * np.log(radius / np.sinh(radius))
    conformal = 2.0 / (1.0 - curvature * np.sum(ball**2, axis=-1))
    # The ball's radius grows by 1 / (2 cosh²), a circle in it by tanh / distance.
    to_vector = -2 * np.log(np.cosh(distance / 2)) - np.log(2.0)
    to_vector += (size - 1) * np.log(np.tanh(distance / 2) / distance)
    expected = hyperbolic + size * np.log(conformal) + to_vector
    np.testing.assert_allclose(q.log_prob(z), expected, rtol=1e-8)


@pytest.mark.parametrize("curvature", [0.5, 2.0])
def test_the_density_integrates_to_1(curvature):
    _, log_prob, cell = _grid(distributions.HyperbolicNormal(LOC, SCALE, curvature))
    np.testing.assert_allclose(np.exp(log_prob).sum() * cell, 1.0, atol=1e-4)


def test_moments_and_kl_are_those_of_the_integral():
    """Two means and one; the mean by fixed noise is within 0.05 of the integral."""
    q = distributions.HyperbolicNormal(LOC, SCALE)
    p = distributions.MultivariateNormalDiag(np.zeros(2), np.ones(2))
    z, log_prob, cell = _grid(q)
    probability = np.exp(log_prob) * cell
    draws = q.sample(COUNT, seed=KEY)
    assert_mean(draws, probability @ z, rounding=1e-5)
    np.testing.assert_allclose(q.mean(), probability @ z, atol=0.05)
    variance = probability @ (z - probability @ z) ** 2
    np.testing.assert_allclose(q.stddev(), np.sqrt(variance), rtol=0.1)
    kl = probability @ (log_prob - p.log_prob(z).numpy())
    assert_mean(q.log_prob(draws) - p.log_prob(draws), kl, rounding=1e-5)


def test_the_gradient_of_draws_is_that_of_an_integral():
    """E sin(2 z_1 + z_2), by both parameters: four means."""
    step, point = 1e-4, np.concatenate([LOC, SCALE])

    def expectation(values):
        z, log_prob, cell = _grid(distributions.HyperbolicNormal(values[:2], values[2:]), size=500)
        return np.exp(log_prob) @ np.sin(z @ [2.0, 1.0]) * cell

    parameters = [tf.constant(np.tile(each, [COUNT, 1])) for each in (LOC, SCALE)]
    with tf.GradientTape() as tape:
        tape.watch(parameters)
        z = distributions.HyperbolicNormal(*parameters).sample(seed=KEY)
        value = tf.sin(2.0 * z[:, 0] + z[:, 1])
    slopes = np.concatenate(tape.gradient(value, parameters), axis=-1)
    expected = [
        (expectation(point + shift) - expectation(point - shift)) / (2 * step)
        for shift in step * np.eye(4)
    ]
    assert_mean(slopes, expected, rounding=1e-5)


def test_at_small_curvature_and_at_the_origin_it_is_the_normal():
    normal = distributions.MultivariateNormalDiag(LOC, SCALE)
    flat = distributions.HyperbolicNormal(LOC, SCALE, 1e-8)
    z = normal.sample(20, seed=KEY)
    np.testing.assert_allclose(flat.sample(20, seed=KEY), z, atol=1e-6)
    np.testing.assert_allclose(flat.log_prob(z), normal.log_prob(z), atol=1e-6)
    here = distributions.HyperbolicNormal(np.zeros(2), SCALE, 3.0)
    plain = distributions.MultivariateNormalDiag(np.zeros(2), SCALE)
    np.testing.assert_allclose(here.sample(20, seed=KEY), plain.sample(20, seed=KEY))
    np.testing.assert_allclose(here.log_prob(z), plain.log_prob(z))


def test_a_translation_and_its_opposite_are_the_identity_and_keep_distances_from_the_path():
    x, y = np.random.default_rng(0).normal(size=[2, 30, 4]) * 2.0
    moved = hyperbolic_geometry.translated(tf.constant(x), tf.constant(y))
    np.testing.assert_allclose(hyperbolic_geometry.translated(moved, -y), x, atol=1e-8)
    np.testing.assert_allclose(hyperbolic_geometry.translated(tf.zeros_like(y), y), y)
    # By the hyperbolic law of cosines.
    lengths = [np.linalg.norm(each, axis=-1) for each in (x, y, moved)]
    cosine = np.sum(x * y, axis=-1) / (lengths[0] * lengths[1])
    expected = np.cosh(lengths[0]) * np.cosh(lengths[1])
    expected += np.sinh(lengths[0]) * np.sinh(lengths[1]) * cosine
    np.testing.assert_allclose(np.cosh(lengths[2]), expected)


@pytest.mark.parametrize("loc", [-1e6, -60.0, 0.0, 60.0])
@pytest.mark.parametrize("scale", [-1e6, -60.0, 0.0, 60.0, 1e6])
def test_extreme_parameters_give_finite_terms_and_gradients(loc, scale):
    outputs = [tf.fill([2, 3], each) for each in (loc, scale)]
    p = distributions.MultivariateNormalDiag(np.zeros(3, "float32"), np.ones(3, "float32"))
    with tf.GradientTape() as tape:
        tape.watch(outputs)
        q = posteriors.HyperbolicNormal(3).distribution(*outputs)
        sampled = divergences.sampled_kl_divergence(q, p, q.sample(50, seed=KEY))
    for number in (sampled, q.mean(), q.stddev(), *tape.gradient(sampled, outputs)):
        assert np.isfinite(number).all()


def test_far_away_distances_grow_logarithmically():
    q = posteriors.HyperbolicNormal(2, curvature=4.0).distribution(
        tf.constant([[3.0, 4.0], [30.0, 40.0]]), tf.zeros([2, 2])
    )
    far = (10.0 + np.log(91.0)) / 2.0
    np.testing.assert_allclose(q.loc, [[3.0, 4.0], [0.6 * far, 0.8 * far]], rtol=1e-6)


def test_float32_tracks_float64():
    q32, q64 = (
        distributions.HyperbolicNormal(np.array([[2.0, 3.0]], dtype), np.array([[0.1, 0.5]], dtype))
        for dtype in ("float32", "float64")
    )
    z = q32.sample(50, seed=KEY)
    np.testing.assert_allclose(q32.log_prob(z), q64.log_prob(tf.cast(z, tf.float64)), rtol=1e-4)


def test_a_model_goes_with_any_prior_of_real_latents():
    for prior in (priors.StandardNormal(), priors.MixtureOfGaussians(2)):
        vae = vae_with(posteriors.HyperbolicNormal(2), prior)
        assert "Monte Carlo" in vae.kl_declaration


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: posteriors.HyperbolicNormal(0), ValueError, "`latent_size` must be a positive"),
        (lambda: posteriors.HyperbolicNormal(2, 0.0), ValueError, "`curvature` must be"),
        (lambda: posteriors.HyperbolicNormal(2, "x"), TypeError, "`curvature` must be"),
    ],
)
def test_wrong_arguments_are_named(make, error, message):
    with pytest.raises(error, match=message):
        make()


CHECKS = {
    "ball": lambda: test_draws_and_density_are_those_in_the_poincare_ball(4.0),
    "integral": lambda: test_the_density_integrates_to_1(2.0),
    "kl": test_moments_and_kl_are_those_of_the_integral,
    "flat": test_at_small_curvature_and_at_the_origin_it_is_the_normal,
}

translated = hyperbolic_geometry.translated

MUTATIONS = {
    "the growth of volume forgotten": (
        ["ball", "integral"],
        hyperbolic_geometry,
        "log_sinhc",
        lambda x: 0.0 * x,
    ),
    "a plane in the place of the space": (
        ["ball", "integral"],
        hyperbolic_geometry,
        "translated",
        lambda vectors, by: vectors + by,
    ),
    "twice the translation": (
        ["ball", "flat"],
        hyperbolic_geometry,
        "translated",
        lambda vectors, by: translated(vectors, 2.0 * by),
    ),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mistake_in_the_code_fails_its_check(name):
    checks, *change = MUTATIONS[name]
    assert_killed([change], {check: CHECKS[check] for check in checks})
