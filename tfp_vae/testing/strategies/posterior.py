"""Strategies of posteriors q(z|x)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import keras
from hypothesis import strategies as st

from tfp_vae import posteriors as kinds_of_posterior
from tfp_vae import priors
from tfp_vae.testing.strategies.building import activations, builds, divisors
from tfp_vae.testing.strategies.network import perceptrons

_PRIORS_OF_REAL_VECTORS = (
    priors.DeepMarkovChain,
    priors.GaussianProcess,
    priors.LinearMarkovChain,
    priors.MaskedAutoregressiveFlow,
    priors.MixtureOfGaussians,
    priors.NeuralSplineFlow,
    priors.Normal,
    priors.RealNVP,
    priors.StandardNormal,
    priors.VampPrior,
)


@dataclass(frozen=True)
class PosteriorEntry:
    """How a posterior is drawn, and what goes with it.

    Attributes:
      layers: From a latent size to a strategy of layers.
      priors: The kinds of prior over the same latents.
      smallest_latent_size: The fewest latents it can have.
    """

    layers: Callable[[int], st.SearchStrategy]
    priors: tuple[type, ...] = _PRIORS_OF_REAL_VECTORS
    smallest_latent_size: int = 1


POSTERIORS: dict[type, PosteriorEntry] = {
    kinds_of_posterior.SpatialNormal: PosteriorEntry(
        layers=lambda latent_size: builds(
            kinds_of_posterior.SpatialNormal,
            st.just([1, 1, latent_size]),
            scale_floor=st.sampled_from([1e-6, 1e-2]),
        ),
    ),
    kinds_of_posterior.Beta: PosteriorEntry(
        layers=lambda latent_size: builds(
            kinds_of_posterior.Beta,
            latent_size=st.just(latent_size),
            concentration_floor=st.sampled_from([0.5, 1.0]),
        ),
        priors=(priors.Beta, priors.VampPrior),
    ),
    kinds_of_posterior.Categorical: PosteriorEntry(
        layers=lambda latent_size: builds(
            kinds_of_posterior.Categorical, categories=st.just(latent_size)
        ),
        priors=(priors.Categorical,),
        smallest_latent_size=2,
    ),
    kinds_of_posterior.CategoricalJoint: PosteriorEntry(
        layers=lambda latent_size: builds(
            kinds_of_posterior.CategoricalJoint,
            categorical=builds(kinds_of_posterior.Categorical, categories=st.just(2)),
            continuous=builds(
                kinds_of_posterior.MultivariateNormalDiag, latent_size=st.just(latent_size - 2)
            ),
            trunk=st.none() | perceptrons(),
        ),
        priors=(priors.CategoricalJoint,),
        smallest_latent_size=3,
    ),
    kinds_of_posterior.Gamma: PosteriorEntry(
        layers=lambda latent_size: builds(
            kinds_of_posterior.Gamma,
            latent_size=st.just(latent_size),
            concentration_floor=st.sampled_from([0.5, 1.0]),
        ),
        priors=(priors.Gamma, priors.VampPrior),
    ),
    kinds_of_posterior.HyperbolicNormal: PosteriorEntry(
        layers=lambda latent_size: builds(
            kinds_of_posterior.HyperbolicNormal,
            latent_size=st.just(latent_size),
            curvature=st.sampled_from([0.1, 1.0, 2.0]),
        ),
    ),
    kinds_of_posterior.InverseAutoregressiveFlow: PosteriorEntry(
        layers=lambda latent_size: builds(
            kinds_of_posterior.InverseAutoregressiveFlow,
            latent_size=st.just(latent_size),
            steps=st.integers(1, 2),
            units=st.lists(st.integers(1, 4), max_size=1),
            activation=activations,
            context_size=st.integers(1, 3),
            gate_bias=st.sampled_from([0.0, 2.0]),
            scale_floor=st.sampled_from([1e-6, 1e-2]),
        ),
    ),
    kinds_of_posterior.LinearMarkovChain: PosteriorEntry(
        layers=lambda latent_size: st.one_of(
            *(
                builds(
                    kinds_of_posterior.LinearMarkovChain,
                    time_steps=st.just(steps),
                    state_size=st.just(latent_size // steps),
                    scale_floor=st.sampled_from([1e-6, 1e-2]),
                    transition_bound=st.sampled_from([0.5, 1.0, 10.0]),
                )
                for steps in divisors(latent_size)
            )
        ),
    ),
    kinds_of_posterior.LogisticNormal: PosteriorEntry(
        layers=lambda latent_size: builds(
            kinds_of_posterior.LogisticNormal, categories=st.just(latent_size)
        ),
        priors=(priors.LogisticNormal, priors.RelaxedOneHotCategorical, priors.VampPrior),
        smallest_latent_size=2,
    ),
    kinds_of_posterior.MultivariateNormalDiag: PosteriorEntry(
        layers=lambda latent_size: builds(
            kinds_of_posterior.MultivariateNormalDiag,
            latent_size=st.just(latent_size),
            scale_floor=st.sampled_from([0.0, 1e-6, 1e-2]),
            scale_activation=st.sampled_from(["softplus", "exp"]),
        ),
    ),
    kinds_of_posterior.MultivariateNormalDiagPlusLowRank: PosteriorEntry(
        layers=lambda latent_size: builds(
            kinds_of_posterior.MultivariateNormalDiagPlusLowRank,
            latent_size=st.just(latent_size),
            rank=st.integers(1, latent_size),
            scale_floor=st.sampled_from([1e-3, 1e-2]),
        ),
    ),
    kinds_of_posterior.MultivariateNormalTriL: PosteriorEntry(
        layers=lambda latent_size: builds(
            kinds_of_posterior.MultivariateNormalTriL,
            latent_size=st.just(latent_size),
            scale_floor=st.sampled_from([1e-6, 1e-2]),
        ),
    ),
    kinds_of_posterior.PlanarFlow: PosteriorEntry(
        layers=lambda latent_size: _flows(kinds_of_posterior.PlanarFlow, latent_size)
    ),
    kinds_of_posterior.PowerSpherical: PosteriorEntry(
        layers=lambda latent_size: builds(
            kinds_of_posterior.PowerSpherical, latent_size=st.just(latent_size)
        ),
        priors=(priors.SphericalUniform, priors.VampPrior),
        smallest_latent_size=2,
    ),
    kinds_of_posterior.RadialFlow: PosteriorEntry(
        layers=lambda latent_size: _flows(kinds_of_posterior.RadialFlow, latent_size)
    ),
    kinds_of_posterior.RelaxedOneHotCategorical: PosteriorEntry(
        layers=lambda latent_size: builds(
            kinds_of_posterior.RelaxedOneHotCategorical,
            latent_variables=st.just(1),
            categories=st.just(latent_size),
            temperature=st.one_of(
                st.sampled_from([2 / 3, 2.0]),
                builds(
                    keras.optimizers.schedules.PolynomialDecay,
                    initial_learning_rate=st.just(1.0),
                    decay_steps=st.integers(1, 10),
                    end_learning_rate=st.just(0.5),
                ),
            ),
        ),
        priors=(priors.LogisticNormal, priors.RelaxedOneHotCategorical, priors.VampPrior),
        smallest_latent_size=2,
    ),
    kinds_of_posterior.VectorQuantized: PosteriorEntry(
        layers=lambda latent_size: builds(
            kinds_of_posterior.VectorQuantized,
            codes=st.just(3),
            code_size=st.just(1),
            positions=st.sampled_from([latent_size, [1, latent_size]]),
            commitment_weight=st.sampled_from([0.0, 0.25, 2.0]),
            codebook=st.sampled_from(["gradient", "moving_average"]),
            decay=st.sampled_from([0.0, 0.9, 0.99]),
            restart_below=st.sampled_from([0.0, 0.05]),
        ),
        priors=(priors.VectorQuantized,),
    ),
    kinds_of_posterior.VonMisesFisher: PosteriorEntry(
        layers=lambda latent_size: builds(
            kinds_of_posterior.VonMisesFisher, latent_size=st.just(latent_size)
        ),
        priors=(priors.SphericalUniform, priors.VampPrior),
        smallest_latent_size=2,
    ),
}
"""How every public posterior is drawn."""


def _flows(kind: type, latent_size: int) -> st.SearchStrategy:
    return builds(
        kind,
        latent_size=st.just(latent_size),
        steps=st.integers(1, 3),
        scale_floor=st.sampled_from([1e-6, 1e-2]),
    )


def posteriors(latent_size: int, kinds: Iterable[type] = ()) -> st.SearchStrategy:
    """Draws a posterior q(z|x).

    Args:
      latent_size: The number of latents.
      kinds: The classes to draw from, by default all that can have so many latents.

    Returns:
      A strategy of `tfp_vae.posteriors.Posterior`, which are not built.

    Raises:
      ValueError: If a class is not known.

    Example:
      >>> from hypothesis import find
      >>> from tfp_vae.testing import strategies
      >>> layer = find(strategies.posteriors(2), lambda layer: True)
      >>> layer(np.zeros([5, 3])).batch_shape
      TensorShape([5])
    """
    wanted = tuple(kinds) or tuple(POSTERIORS)
    for kind in wanted:
        if kind not in POSTERIORS:
            raise ValueError(f"`kinds` must be public classes of tfp_vae.posteriors; got {kind}.")
    return st.one_of(
        *(
            POSTERIORS[kind].layers(latent_size)
            for kind in wanted
            if latent_size >= POSTERIORS[kind].smallest_latent_size
        )
    )
