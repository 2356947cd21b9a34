"""The probabilities of clusters: of mixture priors and of categories."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import special, stats

import tfp_vae
from tests.support.small_models import BINARY, small_vae, vae_with
from tfp_vae import likelihoods, posteriors, priors


def test_of_a_mixture_it_is_the_mean_of_the_exact_posterior_of_the_component():
    """Sixty-nine means of 100 draws: fails by chance once in 500,000 runs."""
    vae = small_vae(prior=priors.MixtureOfGaussians(3))
    prior = vae.prior_layer
    prior.loc.assign(2.0 * np.eye(3)[:, :2])
    prior.logits.assign([0.5, 0.0, -1.0])
    z = vae.posterior(BINARY).sample(5000, seed=1).numpy()
    log_prob = stats.norm.logpdf(z[..., None, :], prior.loc.numpy(), 1.0).sum(axis=-1)
    of_each = special.softmax(log_prob + prior.logits.numpy(), axis=-1)
    error = of_each.std(axis=0) / 10.0
    found = vae.cluster(BINARY)
    assert found.shape == (23, 3)
    assert (np.abs(found - of_each.mean(axis=0)) < 5.8 * error).all()
    np.testing.assert_array_equal(found, vae.cluster(BINARY))
    assert not np.array_equal(found, vae.cluster(BINARY, seed=7))


def test_of_a_vamp_prior_there_is_a_cluster_for_each_pseudo_input():
    vae = small_vae(prior=priors.VampPrior(4))
    np.testing.assert_allclose(vae.cluster(BINARY).sum(axis=1), 1.0, rtol=1e-5)
    assert vae.cluster(BINARY).shape == (23, 4)


def test_of_categories_it_is_their_posterior():
    vae = vae_with(posteriors.Categorical(3), priors.Categorical(3))
    np.testing.assert_allclose(vae.cluster(BINARY), vae.posterior(BINARY).mean(), rtol=1e-5)


def test_datasets_come_in_batches():
    vae = small_vae(prior=priors.MixtureOfGaussians(2))
    batches = tf.data.Dataset.from_tensor_slices(BINARY).batch(10)
    assert vae.cluster(batches).shape == (23, 2)


def test_a_model_without_clusters_says_so():
    with pytest.raises(ValueError, match=r"`vae` must have clusters: .* got a StandardNormal"):
        small_vae().cluster(BINARY)
    hierarchical = tfp_vae.HierarchicalVAE.from_mlps(
        likelihoods.Bernoulli([4]), latent_sizes=[2, 1], units=[[3], [3]]
    )
    with pytest.raises(ValueError, match="got a ChainPrior"):
        hierarchical.cluster(BINARY)
