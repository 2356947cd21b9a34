"""Correlated normal posteriors: densities, moments, draws."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats
from tensorflow_probability import distributions as tfd

from tests.support.heads import head_outputs
from tests.support.mutations import assert_killed
from tfp_vae import posteriors
from tfp_vae.testing import assert_mean

COUNT = 4000


KEY = tf.constant([3, 4])


def _tril(outputs, layer):
    size = layer.latent_size
    factor = np.zeros([len(outputs["loc"]), size, size])
    below = np.tril_indices(size, -1)
    factor[:, below[0], below[1]] = outputs["scale_tril"][:, size:]
    factor += _positive(outputs["scale_tril"][:, :size], layer)[..., None] * np.eye(size)
    return factor


def _low_rank(outputs, layer):
    directions = outputs["directions"]
    diagonal = _positive(outputs["scale"], layer)[..., None] * np.eye(layer.latent_size)
    return diagonal + directions @ np.swapaxes(directions, 1, 2)


def _positive(values, layer):
    return np.logaddexp(0.0, values) + layer.scale_floor


NORMALS = [
    (lambda: posteriors.MultivariateNormalTriL(3, scale_floor=0.01), _tril),
    (lambda: posteriors.MultivariateNormalTriL(1), _tril),
    (lambda: posteriors.MultivariateNormalDiagPlusLowRank(4, rank=2), _low_rank),
    (lambda: posteriors.MultivariateNormalDiagPlusLowRank(2, rank=1, scale_floor=0.1), _low_rank),
]


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize(("make", "scale_of"), NORMALS)
def test_correlated_normals_have_the_density_and_the_moments_of_their_heads(make, scale_of):
    """At most 20 means for each kind: fails by chance once in 300,000 runs."""
    layer, features = make(), np.random.default_rng(0).normal(size=[2, 5])
    q = layer(features)
    outputs = head_outputs(layer, features)
    scale = scale_of(outputs, layer)
    covariance = scale @ np.swapaxes(scale, 1, 2)
    z = np.random.default_rng(1).normal(size=[2, layer.latent_size])
    expected = [
        stats.multivariate_normal(loc, cov).logpdf(row)
        for loc, cov, row in zip(outputs["loc"], covariance, z, strict=True)
    ]
    np.testing.assert_allclose(q.log_prob(z), expected, rtol=1e-8)
    np.testing.assert_allclose(q.covariance(), covariance, rtol=1e-8)
    centred = q.sample(COUNT, seed=KEY).numpy() - outputs["loc"]
    assert_mean(centred, 0.0)
    assert_mean(centred[..., :, None] * centred[..., None, :], covariance)


def test_the_shape_of_the_factor_is_lower_triangular():
    factor = posteriors.MultivariateNormalTriL(3)(np.ones([2, 4])).scale.to_dense().numpy()
    assert (np.triu(factor, 1) == 0.0).all()
    assert (np.diagonal(factor, axis1=1, axis2=2) > 0.0).all()


CHECKS = {
    "tril": lambda: test_correlated_normals_have_the_density_and_the_moments_of_their_heads(
        *NORMALS[0]
    ),
    "low rank": lambda: test_correlated_normals_have_the_density_and_the_moments_of_their_heads(
        *NORMALS[2]
    ),
}


def _distribution_of(kind, change):
    original = kind.distribution
    return lambda self, *args, **kwargs: change(original(self, *args, **kwargs))


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
}


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mistake_in_the_code_fails_its_check(name):
    check, *change = MUTATIONS[name]
    assert_killed([change], {check: CHECKS[check]})
