"""Free bits by layer: the limit of every layer's KL, in ladders, chains and a single layer."""

import numpy as np
import pytest

import tfp_vae
from tests.support.small_models import BINARY, small_vae
from tfp_vae import divergences, likelihoods, objectives
from tfp_vae.testing import assert_close


def layered(make, **options):
    return make(likelihoods.Bernoulli([4]), latent_sizes=[3, 2], units=[[4], [3]], **options)


@pytest.mark.parametrize("kind", ["from_mlps", "ladder_from_mlps"])
@pytest.mark.parametrize("limit", [1e-9, 0.3, 100.0])
def test_every_layer_counts_for_at_least_the_limit(kind, limit):
    vae = layered(getattr(tfp_vae.HierarchicalVAE, kind))
    batch = vae.distributions(BINARY)
    parts = {"posterior": batch.posterior, "prior": batch.prior, "seed": 3}
    terms = objectives.ELBO(layer_free_bits=limit)(
        batch.x, likelihood_fn=batch.likelihood_fn, **parts
    )
    plain = objectives.ELBO()(batch.x, likelihood_fn=batch.likelihood_fn, **parts)
    assert_close(terms.elbo, plain.elbo)
    counted = terms.log_likelihood - terms.objective
    assert (counted.numpy() >= 2 * limit - 1e-4).all()
    assert (counted.numpy() >= terms.kl_divergence.numpy() - 1e-4).all()
    if limit == 100.0:
        assert_close(counted, np.full(len(BINARY), 200.0), 1e-5)
    z = batch.posterior.sample(1, seed=[0, 3])
    assert divergences.kl_divergence_per_layer(batch.posterior, batch.prior, z).shape == [2, 23]


def test_a_single_layer_has_one_limit():
    vae = small_vae()
    batch = vae.distributions(BINARY)
    terms = objectives.ELBO(layer_free_bits=50.0)(
        batch.x,
        posterior=batch.posterior,
        prior=batch.prior,
        likelihood_fn=batch.likelihood_fn,
        seed=0,
    )
    assert_close(terms.log_likelihood - terms.objective, np.full(len(BINARY), 50.0), 1e-5)


@pytest.mark.parametrize(
    "arguments", [{"free_bits": 0.1}, {"gradient_estimator": "sticking_the_landing"}]
)
def test_two_limits_or_another_gradient_are_refused(arguments):
    with pytest.raises(ValueError, match="`layer_free_bits` must be 0 with"):
        objectives.ELBO(layer_free_bits=0.1, **arguments)
