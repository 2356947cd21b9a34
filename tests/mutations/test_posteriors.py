"""With a known mistake in a posterior, a prior or a divergence, its check must fail."""

import pytest
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tests.divergences import test_kl
from tests.posteriors import test_posteriors
from tests.priors import test_priors
from tfp_vae import distributions, posteriors
from tfp_vae.distributions import rejection, spherical_uniform
from tfp_vae.divergences import kl_registrations

pytestmark = pytest.mark.usefixtures("float64")

CHECKS = {
    "tril": lambda: (
        test_posteriors.test_correlated_normals_have_the_density_and_the_moments_of_their_heads(
            *test_posteriors.NORMALS[0]
        )
    ),
    "low rank": lambda: (
        test_posteriors.test_correlated_normals_have_the_density_and_the_moments_of_their_heads(
            *test_posteriors.NORMALS[2]
        )
    ),
    "sphere draws": lambda: test_posteriors.test_power_spherical_draws_have_the_law_of_the_cosine(
        3, 7.5
    ),
    "sphere density": lambda: test_posteriors.test_power_spherical_density_is_that_of_the_paper(3),
    "sphere gradient": lambda: (
        test_posteriors.test_gradient_of_power_spherical_draws_is_that_of_their_moments(3)
    ),
    "sphere KL": lambda: test_kl.test_kl_of_power_spherical_from_uniform_is_the_integral(
        3, "float64"
    ),
    "sphere KL by draws": test_kl.test_exact_kl_of_spheres_agrees_with_the_draws,
    "area": test_kl.test_the_area_of_the_sphere_is_that_of_its_integral,
    "normals KL": lambda: test_kl.test_kl_between_normals_of_any_two_kinds("tril", "product", ()),
    "mixture": test_priors.test_a_mixture_has_the_density_and_the_moments_of_its_weights,
    "vamp": lambda: test_priors.test_a_vamp_prior_is_the_mixture_of_the_posteriors_at_its_rows(
        posteriors.MultivariateNormalTriL
    ),
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


def _distribution_of(kind, change):
    original = kind.distribution
    return lambda self, *args, **kwargs: change(original(self, *args, **kwargs))


gamma = rejection.gamma
log_sphere_area = spherical_uniform.log_sphere_area
as_multivariate_normal = kl_registrations._as_multivariate_normal
sphere_draw = distributions.PowerSpherical._draw

MUTATIONS = {
    "the factor transposed": (
        "tril",
        posteriors.MultivariateNormalTriL,
        "distribution",
        _distribution_of(
            posteriors.MultivariateNormalTriL,
            lambda q: tfd.MultivariateNormalFullCovariance(
                q.loc, tf.matmul(q.scale.to_dense(), q.scale.to_dense(), transpose_a=True)
            ),
        ),
    ),
    "the scale taken as the covariance": (
        "low rank",
        posteriors.MultivariateNormalDiagPlusLowRank,
        "distribution",
        _distribution_of(
            posteriors.MultivariateNormalDiagPlusLowRank,
            lambda q: tfd.MultivariateNormalFullCovariance(q.loc, q.scale.to_dense()),
        ),
    ),
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
    "the area of the sphere of one dimension more in the KL": (
        "sphere KL",
        distributions,
        "log_sphere_area",
        lambda dimension: log_sphere_area(dimension + 1),
    ),
    "the KL's sign flipped": (
        "sphere KL by draws",
        test_kl.divergences,
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
    "all draws of the first component": (
        "mixture",
        tf,
        "searchsorted",
        lambda ordered, values: tf.zeros(tf.shape(values), tf.int32),
    ),
    "the weights of the mixture forgotten": (
        "mixture",
        tfd.Categorical,
        "_logits_parameter_no_checks",
        lambda self: tf.zeros_like(self._logits),
    ),
    "pseudo-inputs not encoded": (
        "vamp",
        test_priors.priors.VampPrior,
        "distribution",
        lambda self: distributions.MultivariateNormalDiag(
            tf.zeros(self.event_shape, self.variable_dtype),
            tf.ones(self.event_shape, self.variable_dtype),
        ),
    ),
}


@pytest.mark.parametrize("name", ["sphere gradient", "sphere KL", "mixture"])
def test_a_check_passes_on_the_code_as_it_is(name):
    CHECKS[name]()


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mistake_in_the_code_fails_its_check(name, monkeypatch):
    check, owner, attribute, replacement = MUTATIONS[name]
    monkeypatch.setattr(owner, attribute, replacement)
    with pytest.raises(AssertionError):
        CHECKS[check]()
