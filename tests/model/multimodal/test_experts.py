"""Experts of views, joined: the product is exact where the model is linear and Gaussian."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tests.support.linear_gaussian_views import (
    LATENTS,
    exact_posterior,
    linear_gaussian_views,
    rows_of_every_subset,
    views_vae,
)
from tfp_vae.model.multimodal.experts import JoinedExperts, product_of_experts, subsets_of
from tfp_vae.testing import assert_close, assert_mean, assert_mean_at_most, plane_grid

pytestmark = pytest.mark.usefixtures("float64")

MODEL = linear_gaussian_views()
X = rows_of_every_subset(MODEL)
NUMBERS = st.integers(0, 2**31)


def test_the_product_is_the_exact_posterior_of_every_subset():
    q = views_vae(MODEL).posterior(X)
    for row, mean, stddev in zip(X, q.mean().numpy(), q.stddev().numpy(), strict=True):
        exact_mean, covariance = exact_posterior(MODEL, row)
        assert_close(mean, exact_mean, 1e-12, 1e-12)
        assert_close(np.diag(stddev**2), covariance, 1e-12, 1e-12)


def test_every_weight_of_the_product_is_the_marginal_likelihood():
    """p(x, z) / q(z|x) is p(x) for whatever z, and the KL is exact."""
    vae = views_vae(MODEL)
    known = vae.distributions(X)
    weights = known.log_weights(known.posterior.sample(7, seed=0))
    exact = MODEL.log_marginal_likelihood(X)
    assert_close(weights, np.broadcast_to(exact, weights.shape), 1e-10, 1e-10)
    assert vae.kl_declaration == "KL: exact"
    assert_close(exact[-5:], 0.0)


def test_a_row_without_views_has_the_prior():
    for experts in ("product", "mixture", "mixture_of_products"):
        q = views_vae(MODEL, experts).posterior(X[-5:])
        assert_close(q.mean(), 0.0)
        assert_close(q.stddev(), 1.0)
        z = np.random.default_rng(0).normal(size=[5, LATENTS])
        assert_close(q.log_prob(z), stats.norm.logpdf(z).sum(axis=-1))


def test_experts_of_one_view_are_that_of_the_view():
    """With one view present a mixture has one component, and MoPoE is the product."""
    one_view = X[5:15]
    z = np.random.default_rng(0).normal(size=[10, LATENTS])
    product = views_vae(MODEL).posterior(one_view)
    for other in (
        views_vae(MODEL, "mixture_of_products"),
        views_vae(MODEL, "mixture", of_prior=True),
    ):
        assert_close(other.posterior(one_view).log_prob(z), product.log_prob(z), 1e-10, 1e-10)


@settings(max_examples=5)
@given(seed=NUMBERS)
def test_only_the_whole_subset_gives_the_product(seed):
    """MoPoE with a single subset, that of all views, is PoE, and in general its mixture."""
    rng = np.random.default_rng(seed)
    loc, scale = rng.normal(size=[6, 3, 2]), rng.uniform(0.2, 3.0, size=[6, 3, 2])
    seen = rng.integers(0, 2, [6, 3]).astype(bool)
    layer = JoinedExperts("mixture_of_products", 3, 2)
    z = tf.constant(rng.normal(size=[6, 2]))
    mixture = layer.joined(tf.constant(loc), tf.constant(scale), tf.constant(seen))
    expected = []
    for row in range(6):
        own = [s for s in subsets_of(3) if not (s & ~seen[row]).any()] or [np.zeros(3, bool)]
        densities = []
        for subset in own:
            precision = 1.0 + (1.0 / scale[row, subset] ** 2).sum(axis=0)
            mean = (loc[row, subset] / scale[row, subset] ** 2).sum(axis=0) / precision
            densities.append(stats.norm.pdf(z[row], mean, precision**-0.5).prod())
        expected.append(np.log(np.mean(densities)))
    assert_close(mixture.log_prob(z), expected)
    layer.subsets = np.ones([1, 3], bool)
    everything = tf.ones([6, 3], tf.bool)
    whole = layer.joined(tf.constant(loc), tf.constant(scale), everything)
    product = JoinedExperts("product", 3, 2).joined(
        tf.constant(loc), tf.constant(scale), everything
    )
    assert_close(whole.log_prob(z), product.log_prob(z))


@pytest.mark.parametrize("of_prior", [False, True])
@pytest.mark.parametrize("experts", ["mixture", "mixture_of_products"])
def test_the_bound_of_a_mixture_is_its_integral_and_below_the_likelihood(experts, of_prior):
    vae = views_vae(MODEL, experts, of_prior)
    x, size = X[:2], 800
    known = vae.distributions(x)
    points, area = plane_grid(-7.0, 7.0, 201)
    z = tf.constant(np.repeat(points[:, None], 2, axis=1))
    density = np.exp(known.posterior.log_prob(z).numpy())
    assert_close(density.sum(axis=0) * area, 1.0, 1e-5)
    exact = (density * known.log_weights(z).numpy()).sum(axis=0) * area
    log_prob = MODEL.log_marginal_likelihood(x)
    assert (exact < log_prob - 1e-3).all()
    # Rows are independent; the two draws of a row are one stratum each.
    terms = vae.elbo(np.repeat(x, size, axis=0), sample_size=2, seed=1)
    bounds = terms.elbo.numpy().reshape(2, size).T
    assert_mean(bounds, exact, rounding=1e-6)
    assert_mean_at_most(bounds, log_prob)
    assert "Monte Carlo" in vae.kl_declaration


@given(seed=NUMBERS)
def test_a_product_survives_extreme_experts(seed):
    rng = np.random.default_rng(seed)
    loc = tf.constant(rng.normal(size=[4, 3, 2]) * 1e6, tf.float32)
    scale = tf.constant(10.0 ** rng.choice([-45.0, -20.0, 0.0, 18.0], size=[4, 3, 2]), tf.float32)
    seen = tf.constant(rng.integers(0, 2, [4, 3]).astype(bool))
    with tf.GradientTape() as tape:
        tape.watch([loc, scale])
        mean, stddev = product_of_experts(loc, scale, seen)
    assert np.isfinite(mean).all()
    assert (stddev.numpy() > 0.0).all()
    assert (stddev.numpy() <= 1.0).all()
    (of_loc,) = tape.gradient(mean, [loc])
    assert np.isfinite(of_loc).all()
    assert (of_loc.numpy()[~seen.numpy()] == 0.0).all()


def test_a_view_with_holes_counts_as_seen():
    x = MODEL.draws(3)
    x[:, 1] = np.nan
    vae = views_vae(MODEL)
    assert (vae.posterior(x).stddev().numpy() < 0.9).all()
    assert_close(vae.posterior(x).stddev(), vae.posterior(MODEL.draws(3)).stddev())


def test_many_views_have_too_many_subsets():
    assert len(subsets_of(10)) == 1023
    with pytest.raises(ValueError, match="`encoders` must be at most 10 for a mixture of products"):
        JoinedExperts("mixture_of_products", 11, 2)
    assert JoinedExperts("mixture", 11, 2).experts == "mixture"
