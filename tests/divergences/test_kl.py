"""Exact divergences against formulas and quadratures that share no code with them."""

import itertools

import numpy as np
import pytest
import tensorflow as tf
from scipy import integrate, special
from tensorflow_probability import distributions as tfd

from tests.support.mutations import assert_killed
from tfp_vae import distributions, divergences
from tfp_vae.distributions import spherical_uniform
from tfp_vae.divergences import kl_registrations
from tfp_vae.testing import assert_mean, diagonal_normal, without_exact_kl

_RNG = np.random.default_rng(0)


def _normals(kind, batch):
    """Returns a distribution over 3 numbers, its means and its covariances."""
    loc = _RNG.normal(size=[*batch, 3])
    diagonal = _RNG.uniform(0.3, 2.0, size=[*batch, 3])
    directions = _RNG.normal(size=[*batch, 3, 2])
    if kind == "product":
        return tfd.Independent(tfd.Normal(loc, diagonal), 1), loc, _squared(_diag(diagonal))
    if kind == "product of one scale":
        scale = np.float64(0.7)
        return tfd.Independent(tfd.Normal(loc, scale), 1), loc, _squared(_diag(0 * loc + scale))
    if kind == "diag":
        made = distributions.MultivariateNormalDiag(loc, diagonal)
        return made, loc, _squared(_diag(diagonal))
    if kind == "tril":
        factor = np.tril(_RNG.normal(size=[*batch, 3, 3]), -1) + _diag(diagonal)
        return distributions.MultivariateNormalTriL(loc, factor), loc, _squared(factor)
    made = distributions.MultivariateNormalDiagPlusLowRank(
        tf.constant(loc), tf.constant(diagonal), tf.constant(directions)
    )
    return made, loc, _squared(_diag(diagonal) + _squared(directions))


def _diag(values):
    return values[..., None] * np.eye(3)


def _squared(matrix):
    return matrix @ np.swapaxes(matrix, -1, -2)


def _kl_of_normals(q_loc, q_cov, p_loc, p_cov):
    """KL = (tr(P⁻¹ Q) + (p - q)ᵀ P⁻¹ (p - q) - L + log |P| - log |Q|) / 2."""
    inverse, shift = np.linalg.inv(p_cov), p_loc - q_loc
    return 0.5 * (
        np.trace(inverse @ q_cov, axis1=-2, axis2=-1)
        + np.einsum("...i,...ij,...j->...", shift, inverse, shift)
        - 3
        + np.linalg.slogdet(p_cov)[1]
        - np.linalg.slogdet(q_cov)[1]
    )


KINDS = ["product", "product of one scale", "diag", "tril", "low rank"]


@pytest.mark.parametrize(("q_kind", "p_kind"), list(itertools.product(KINDS, KINDS)))
@pytest.mark.parametrize("p_batch", [(), (4,)])
def test_kl_between_normals_of_any_two_kinds(q_kind, p_kind, p_batch):
    q, *q_moments = _normals(q_kind, (4,))
    p, *p_moments = _normals(p_kind, p_batch)
    actual = divergences.exact_kl_divergence(q, p)
    assert actual.shape == [4]
    np.testing.assert_allclose(actual, _kl_of_normals(*q_moments, *p_moments), rtol=1e-9)


@pytest.mark.parametrize("p_kind", ["product", "tril", "low rank"])
def test_exact_kl_between_normals_agrees_with_the_draws(p_kind):
    """Three draws of 4,000; fails by chance once in 9 million runs."""
    for q_kind in ("diag", "tril", "low rank"):
        q, p = _normals(q_kind, (1,))[0], _normals(p_kind, ())[0]
        z = q.sample(4000, seed=[0, 1])
        assert_mean(q.log_prob(z) - p.log_prob(z), divergences.exact_kl_divergence(q, p))


def test_a_product_of_something_else_has_no_exact_kl():
    q = _normals("diag", (4,))[0]
    laplace = tfd.Independent(tfd.Laplace(np.zeros(3), np.ones(3)), 1)
    assert divergences.exact_kl_divergence(q, laplace) is None
    assert divergences.declaration(q, laplace).startswith("KL: Monte Carlo estimate")


def _kl_from_uniform(log_height, size):
    """Integrates over the angle to the mean direction, of density ∝ exp(log_height) sin^(L-2).

    The area of the circle of directions across it cancels, as the uniform density is of the same
    form with a height of 1.
    """
    angles = (np.arange(100_000) + 0.5) * np.pi / 100_000
    weights = np.full_like(angles, angles[1] - angles[0])
    log_uniform = (size - 2) * np.log(np.sin(angles))
    log_uniform -= special.logsumexp(log_uniform, b=weights)
    log_density = log_height(np.cos(angles)) + log_uniform
    log_density -= special.logsumexp(log_density, b=weights)
    return np.sum(weights * np.exp(log_density) * (log_density - log_uniform))


CONCENTRATIONS = [0.0, 0.5, 3.0, 40.0, 1e3, 1e4]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", [2, 3, 10, 60])
def test_kl_of_power_spherical_from_uniform_is_the_integral(size, dtype):
    kappa = np.array(CONCENTRATIONS, dtype)
    direction = np.eye(size, dtype=dtype)[np.zeros(len(kappa), int)]
    q = distributions.PowerSpherical(direction, kappa)
    p = distributions.SphericalUniform(size, dtype=q.dtype)
    expected = [_kl_from_uniform(lambda t, k=k: k * np.log1p(t), size) for k in CONCENTRATIONS]
    actual = divergences.exact_kl_divergence(q, p)
    np.testing.assert_allclose(actual, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", [2, 3, 10, 60])
def test_kl_of_von_mises_fisher_from_uniform_is_the_integral(size, dtype):
    kappa = np.array(CONCENTRATIONS, dtype)
    direction = np.eye(size, dtype=dtype)[np.zeros(len(kappa), int)]
    q = distributions.VonMisesFisher(direction, kappa)
    p = distributions.SphericalUniform(size, dtype=q.dtype)
    expected = [_kl_from_uniform(lambda t, k=k: k * t, size) for k in CONCENTRATIONS]
    actual = divergences.exact_kl_divergence(q, p)
    np.testing.assert_allclose(actual, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.nightly
@pytest.mark.parametrize("compiled", [False, True])
def test_kl_of_spheres_in_a_graph_with_an_unknown_batch(compiled):
    """Also TensorFlow Probability's von Mises-Fisher from our uniform."""
    uniform = distributions.SphericalUniform(3)

    @tf.function(
        jit_compile=compiled,
        input_signature=[tf.TensorSpec([None, 3]), tf.TensorSpec([None])],
        autograph=False,
    )
    def every(direction, kappa):
        return (
            divergences.exact_kl_divergence(tfd.VonMisesFisher(direction, kappa), uniform),
            divergences.exact_kl_divergence(
                distributions.VonMisesFisher(direction, kappa), uniform
            ),
            divergences.exact_kl_divergence(
                distributions.PowerSpherical(direction, kappa), uniform
            ),
        )

    direction, kappa = np.eye(3, dtype="float32")[:2], np.float32([0.5, 20.0])
    reference, fisher, power = every(direction, kappa)
    for k, known, one, other in zip(kappa, reference, fisher, power, strict=True):
        np.testing.assert_allclose(known, _kl_from_uniform(lambda t, k=k: k * t, 3), rtol=1e-4)
        np.testing.assert_allclose(one, _kl_from_uniform(lambda t, k=k: k * t, 3), rtol=1e-5)
        np.testing.assert_allclose(
            other, _kl_from_uniform(lambda t, k=k: k * np.log1p(t), 3), rtol=1e-5
        )


def test_exact_kl_of_spheres_agrees_with_the_draws():
    """Fails by chance once in 9 million runs."""
    kappa = np.array([1.0, 5.0, 300.0])
    q = distributions.PowerSpherical(np.eye(4)[:3], kappa)
    p = distributions.SphericalUniform(4, dtype=tf.float64)
    z = q.sample(4000, seed=[0, 2])
    assert_mean(q.log_prob(z) - p.log_prob(z), divergences.exact_kl_divergence(q, p))


def test_the_area_of_the_sphere_is_that_of_its_integral():
    inner, _ = integrate.quad(np.sin, 0.0, np.pi)
    p = distributions.SphericalUniform(3, batch_shape=[2], dtype=tf.float64)
    log_prob = p.log_prob(np.eye(3)[:2])
    np.testing.assert_allclose(log_prob, [-np.log(2 * np.pi * inner)] * 2)


def test_a_declaration_says_whether_the_kl_is_exact():
    q, p = (
        diagonal_normal(np.zeros([3, 2]), np.ones([3, 2])),
        diagonal_normal(np.zeros(2), np.ones(2)),
    )
    assert divergences.declaration(q, p) == "KL: exact"
    estimated = divergences.declaration(q, without_exact_kl(p))
    assert estimated == "KL: Monte Carlo estimate, log q(z) - log p(z) at the draws"


def test_active_units_are_those_whose_means_vary_over_the_data():
    means = np.random.default_rng(0).normal(size=[1000, 3]) * [1.0, 0.2, 0.05]
    np.testing.assert_array_equal(divergences.active_units(means), [True, True, False])


@pytest.mark.parametrize("means", [np.zeros([1, 2]), np.zeros(3), np.zeros([2, 2, 2])])
def test_means_of_another_shape_are_refused(means):
    with pytest.raises(ValueError, match=r"`means` must have shape \[rows, latents\]"):
        divergences.active_units(means)


CHECKS = {
    "sphere KL": lambda: test_kl_of_power_spherical_from_uniform_is_the_integral(3, "float64"),
    "sphere KL by draws": test_exact_kl_of_spheres_agrees_with_the_draws,
    "area": test_the_area_of_the_sphere_is_that_of_its_integral,
    "normals KL": lambda: test_kl_between_normals_of_any_two_kinds("tril", "product", ()),
}

log_sphere_area = spherical_uniform.log_sphere_area
as_multivariate_normal = kl_registrations._as_multivariate_normal

MUTATIONS = {
    "the area of the sphere of one dimension more in the KL": (
        "sphere KL",
        distributions,
        "log_sphere_area",
        lambda dimension: log_sphere_area(dimension + 1),
    ),
    "the KL's sign flipped": (
        "sphere KL by draws",
        divergences,
        "exact_kl_divergence",
        lambda q, p: -tfd.kl_divergence(q, p),
    ),
    "the area of the sphere of one dimension more in the density": (
        "area",
        spherical_uniform,
        "log_sphere_area",
        lambda dimension: log_sphere_area(dimension + 1),
    ),
    "the scale of a product read as a variance": (
        "normals KL",
        kl_registrations,
        "_as_multivariate_normal",
        lambda product: tfd.MultivariateNormalDiag(
            as_multivariate_normal(product).loc,
            tf.sqrt(as_multivariate_normal(product).scale.diag_part()),
        ),
    ),
}


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mistake_in_the_code_fails_its_check(name):
    check, *change = MUTATIONS[name]
    assert_killed([change], {check: CHECKS[check]})
