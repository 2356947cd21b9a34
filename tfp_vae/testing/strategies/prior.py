"""Strategies of priors p(z)."""

from collections.abc import Callable, Iterable

from hypothesis import strategies as st

from tfp_vae import posteriors
from tfp_vae import priors as kinds_of_prior
from tfp_vae.testing.strategies.building import activations, builds, divisors
from tfp_vae.testing.strategies.network import perceptrons
from tfp_vae.testing.strategies.posterior import POSTERIORS

PRIORS: dict[type, Callable[[int], st.SearchStrategy]] = {
    kinds_of_prior.Beta: lambda latent_size: builds(
        kinds_of_prior.Beta,
        concentration1=st.sampled_from([0.5, 1.0, 3.0]),
        concentration0=st.sampled_from([0.5, 1.0, 3.0]),
    ),
    kinds_of_prior.Categorical: lambda latent_size: builds(
        kinds_of_prior.Categorical, categories=st.just(latent_size), learned=st.booleans()
    ),
    kinds_of_prior.CategoricalJoint: lambda latent_size: builds(
        kinds_of_prior.CategoricalJoint,
        categorical=builds(
            kinds_of_prior.Categorical, categories=st.just(2), learned=st.booleans()
        ),
        continuous=st.none() | builds(kinds_of_prior.Normal),
    ),
    kinds_of_prior.ConditionalNormal: lambda latent_size: builds(
        kinds_of_prior.ConditionalNormal,
        trunk=st.none() | perceptrons(),
        scale_floor=st.sampled_from([0.0, 1e-2]),
    ),
    kinds_of_prior.DeepMarkovChain: lambda latent_size: builds(
        kinds_of_prior.DeepMarkovChain,
        time_steps=st.sampled_from(divisors(latent_size)),
        units=st.lists(st.integers(1, 4), max_size=1),
        activation=activations,
        scale_floor=st.sampled_from([0.0, 1e-2]),
    ),
    kinds_of_prior.Gamma: lambda latent_size: builds(
        kinds_of_prior.Gamma,
        concentration=st.sampled_from([0.5, 1.0, 3.0]),
        rate=st.sampled_from([0.5, 1.0, 3.0]),
    ),
    kinds_of_prior.GaussianProcess: lambda latent_size: builds(
        kinds_of_prior.GaussianProcess,
        time_steps=st.sampled_from(divisors(latent_size)),
        kernel=st.sampled_from(["cauchy", "matern_1/2", "squared_exponential"]),
        length_scale=st.sampled_from([0.5, 5.0]),
        nugget=st.sampled_from([1e-3, 0.1]),
    ),
    kinds_of_prior.LinearMarkovChain: lambda latent_size: builds(
        kinds_of_prior.LinearMarkovChain,
        time_steps=st.sampled_from(divisors(latent_size)),
        scale_floor=st.sampled_from([0.0, 1e-2]),
    ),
    kinds_of_prior.LogisticNormal: lambda latent_size: builds(
        kinds_of_prior.LogisticNormal,
        categories=st.just(latent_size),
        concentration=st.sampled_from([0.1, 1.0, 3.0]),
    ),
    kinds_of_prior.MaskedAutoregressiveFlow: lambda latent_size: _flows(
        kinds_of_prior.MaskedAutoregressiveFlow
    ),
    kinds_of_prior.MixtureOfGaussians: lambda latent_size: builds(
        kinds_of_prior.MixtureOfGaussians,
        components=st.integers(1, 3),
        scale_floor=st.sampled_from([0.0, 1e-2]),
    ),
    kinds_of_prior.NeuralSplineFlow: lambda latent_size: (
        _flows(
            kinds_of_prior.NeuralSplineFlow,
            bins=st.integers(1, 4),
            limit=st.sampled_from([0.5, 5.0]),
        )
        if latent_size > 1
        else st.nothing()
    ),
    kinds_of_prior.Normal: lambda latent_size: builds(
        kinds_of_prior.Normal, scale_floor=st.sampled_from([0.0, 1e-2])
    ),
    kinds_of_prior.RealNVP: lambda latent_size: (
        _flows(kinds_of_prior.RealNVP) if latent_size > 1 else st.nothing()
    ),
    kinds_of_prior.RelaxedOneHotCategorical: lambda latent_size: builds(
        kinds_of_prior.RelaxedOneHotCategorical,
        latent_variables=st.just(1),
        categories=st.just(latent_size),
        temperature=st.sampled_from([0.5, 2.0]),
    ),
    kinds_of_prior.SphericalUniform: lambda latent_size: builds(kinds_of_prior.SphericalUniform),
    kinds_of_prior.StandardNormal: lambda latent_size: builds(kinds_of_prior.StandardNormal),
    kinds_of_prior.VampPrior: lambda latent_size: builds(
        kinds_of_prior.VampPrior, pseudo_inputs=st.integers(1, 3)
    ),
    kinds_of_prior.VectorQuantized: lambda latent_size: builds(
        kinds_of_prior.VectorQuantized,
        codes=st.just(3),
        positions=st.sampled_from([[1, latent_size], [latent_size, 1]]),
        model=st.sampled_from(["uniform", "independent", "markov_chain", "masked_convolution"]),
        filters=st.integers(1, 4),
        layers=st.integers(1, 2),
    ),
}
"""From every public prior to a function from a latent size to a strategy of them."""


def _flows(kind: type, **more: st.SearchStrategy) -> st.SearchStrategy:
    return builds(
        kind,
        steps=st.integers(1, 2),
        units=st.lists(st.integers(1, 4), max_size=1),
        activation=activations,
        **more,
    )


def priors(
    latent_size: int, posterior: posteriors.Posterior | None = None, kinds: Iterable[type] = ()
) -> st.SearchStrategy:
    """Draws a prior p(z).

    Args:
      latent_size: The number of latents.
      posterior: The posterior that it must go with; without one, a posterior of real vectors.
      kinds: The classes to draw from, by default all that go with the posterior.

    Returns:
      A strategy of `tfp_vae.priors.Prior`, which are not built.

    Raises:
      ValueError: If a class is not known.

    Example:
      >>> from hypothesis import find
      >>> from tfp_vae.testing import strategies
      >>> prior = find(strategies.priors(2, kinds=[priors.VampPrior]), lambda prior: True)
      >>> type(prior).__name__
      'VampPrior'
    """
    wanted = tuple(kinds) or _kinds_for(posterior)
    for kind in wanted:
        if kind not in PRIORS:
            raise ValueError(f"`kinds` must be public classes of tfp_vae.priors; got {kind}.")
    return st.one_of(*(PRIORS[kind](latent_size) for kind in wanted))


def _kinds_for(posterior: posteriors.Posterior | None) -> tuple[type, ...]:
    for kind in type(posterior).__mro__:
        if kind in POSTERIORS:
            return POSTERIORS[kind].priors
    return POSTERIORS[posteriors.MultivariateNormalDiag].priors
