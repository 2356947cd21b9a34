"""The calls of `tfp_vae.priors`."""

import keras
import numpy as np

import tfp_vae
from tests.fuzz.call import Call
from tests.fuzz.part_checks import MOST_ELEMENTS, has_own_function, round_trip
from tfp_vae import likelihoods, networks, posteriors, priors


def _draws_alone(prior, given):
    round_trip(prior, given)
    sizes = [*getattr(prior, "units", []), getattr(prior, "components", 1)]
    sizes += [getattr(prior, "steps", 1), getattr(prior, "bins", 1)]
    if np.prod([float(size) for size in sizes]) > MOST_ELEMENTS or has_own_function(given):
        return
    if isinstance(prior, (priors.Categorical, priors.RelaxedOneHotCategorical)):
        size = prior.latent_variables * prior.categories
        if size > MOST_ELEMENTS:
            return
    elif isinstance(prior, priors.LogisticNormal):
        size = prior.categories
        if size**2 > MOST_ELEMENTS:
            return
    else:
        size = 5 if isinstance(prior, priors.CategoricalJoint) else 2
    if isinstance(prior, (priors.VampPrior, priors.VectorQuantized)):
        return
    prior.build([size])
    z = prior.distribution().sample(3, seed=[0, 1])
    assert z.shape == (3, size)
    assert np.isfinite(z).all()


def _is_a_prior_given_y(prior, given):
    round_trip(prior, given)
    if given.get("trunk") is not None:
        return
    vae = tfp_vae.VAE(
        tfp_vae.Encoder(networks.mlp([3]), posteriors.MultivariateNormalDiag(2)),
        tfp_vae.Decoder(networks.mlp([3]), likelihoods.Bernoulli([4])),
        prior=prior,
        condition=keras.layers.CategoryEncoding(3, output_mode="one_hot"),
    )
    assert vae.prior([0, 2]).sample(seed=0).shape == (2, 2)


CALLS = {
    "priors.CategoricalJoint": Call(
        priors.CategoricalJoint,
        lambda: {"categorical": priors.Categorical(3), "continuous": priors.Normal()},
        _draws_alone,
    ),
    **{
        f"priors.{name}": Call(getattr(priors, name), lambda given=given: dict(given), _draws_alone)
        for name, given in {
            "MaskedAutoregressiveFlow": {"steps": 1, "units": [4]},
            "NeuralSplineFlow": {"steps": 1, "units": [4], "bins": 3},
            "RealNVP": {"steps": 1, "units": [4]},
            "MixtureOfGaussians": {"components": 3},
            "DeepMarkovChain": {"time_steps": 2, "units": [4]},
            "GaussianProcess": {"time_steps": 2},
            "LinearMarkovChain": {"time_steps": 2},
            "Normal": {},
            "Beta": {},
            "Gamma": {},
            "LogisticNormal": {"categories": 3},
            "VampPrior": {"pseudo_inputs": 3},
            "RelaxedOneHotCategorical": {"latent_variables": 2, "categories": 3},
            "Categorical": {"categories": 3, "latent_variables": 2},
            "VectorQuantized": {"codes": 3, "positions": 2, "filters": 4, "layers": 1},
        }.items()
    },
    "priors.ConditionalNormal": Call(
        priors.ConditionalNormal, lambda: {"scale_floor": 0.1}, _is_a_prior_given_y
    ),
}  # fmt: skip
