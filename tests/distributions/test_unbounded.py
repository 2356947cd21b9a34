"""Whether a distribution is on all real vectors."""

import numpy as np
import pytest
from tensorflow_probability import distributions as tfd

from tests.support.small_models import vae_with
from tfp_vae import distributions, posteriors, priors
from tfp_vae.supports import REAL_VECTORS
from tfp_vae.testing.strategies.posterior import POSTERIORS

ARGUMENTS = {
    posteriors.Categorical: (3,),
    posteriors.LinearMarkovChain: (3, 2),
    posteriors.LogisticNormal: (3,),
    posteriors.RelaxedOneHotCategorical: (1, 3),
    posteriors.SpatialNormal: ([1, 1, 3],),
    posteriors.VectorQuantized: (3, 2),
}


@pytest.mark.parametrize(
    "kind", [kind for kind in POSTERIORS if kind is not posteriors.CategoricalJoint]
)
def test_it_agrees_with_what_every_posterior_declares(kind):
    layer = kind(*ARGUMENTS.get(kind, (3,)))
    q = layer(np.ones([5, 8], "float32"))
    assert distributions.is_unbounded(q) == (layer.latent_space == REAL_VECTORS)


@pytest.mark.parametrize(
    "prior",
    [
        priors.StandardNormal(),
        priors.RealNVP(1, [3]),
        priors.NeuralSplineFlow(1, [3]),
        priors.MaskedAutoregressiveFlow(1, [3]),
        priors.MixtureOfGaussians(2),
        priors.VampPrior(2),
        priors.DeepMarkovChain(2),
        priors.GaussianProcess(2),
        priors.LinearMarkovChain(2),
    ],
    ids=lambda prior: type(prior).__name__,
)
def test_priors_of_real_latents_are_unbounded(prior):
    vae = vae_with(posteriors.MultivariateNormalDiag(2), prior)
    assert distributions.is_unbounded(vae.prior())


def test_a_distribution_of_the_user_says_by_its_bijector():
    positive = tfd.Independent(tfd.LogNormal([0.0, 0.0], 1.0), 1)
    assert not distributions.is_unbounded(positive)
    assert not distributions.is_unbounded(tfd.Dirichlet([1.0, 1.0]))
    assert not distributions.is_unbounded(distributions.SphericalUniform(3))
    assert distributions.is_unbounded(tfd.Independent(tfd.StudentT(3.0, [0.0, 1.0], 1.0), 1))
