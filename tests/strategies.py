"""Hypothesis strategies for every public building block, and data for every likelihood.

One dictionary for each kind of block maps its public classes (for networks: the public names) to
how a test draws them. `missing` names what stands in the package and not here, so that a class
cannot be added without the properties being asked of it.
"""

import contextlib
import functools
import inspect
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from hypothesis import strategies as st

import tfp_vae
from tfp_vae import likelihoods, networks, objectives, posteriors, priors

latent_sizes = st.integers(1, 3)
event_shapes = st.sampled_from([[2], [3], [5], [2, 3], [2, 2, 1]])
seeds = st.integers(0, 2**63)
activations = st.sampled_from(["relu", "tanh", "elu"])
finite = st.floats(-1e3, 1e3, allow_nan=False)


@contextlib.contextmanager
def own_random_state(seed: int = 0) -> Iterator[None]:
    """Seeds the `random` module, from which Keras takes its seeds, and restores it afterwards.

    Hypothesis owns the state of that module, and warns of a strategy that changes it.
    """
    state = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)


def builds(make: Callable[..., Any], *args: Any, **kwargs: Any) -> st.SearchStrategy:
    """Is `st.builds` for objects of Keras."""

    @functools.wraps(make, updated=())
    def made(*drawn_args: Any, **drawn: Any) -> Any:
        with own_random_state():
            return make(*drawn_args, **drawn)

    return st.builds(made, *args, **kwargs)


@dataclass(frozen=True)
class LikelihoodEntry:
    """How tests draw a likelihood and its data.

    Attributes:
      layers: From an event shape to a strategy of layers.
      inside: From a layer, a NumPy generator and a shape to data in the support.
      outside: Numbers of which none lies in the support.
    """

    layers: Callable[[list[int]], st.SearchStrategy]
    inside: Callable[[Any, np.random.Generator, list[int]], np.ndarray]
    outside: tuple[float, ...]


@dataclass(frozen=True)
class PosteriorEntry:
    """How tests draw a posterior, and what goes with it.

    Attributes:
      layers: From a latent size to a strategy of layers.
      priors: The kinds of prior over the same latents.
      smallest_latent_size: The fewest latents it can have.
    """

    layers: Callable[[int], st.SearchStrategy]
    priors: tuple[type, ...]
    smallest_latent_size: int = 1


@dataclass(frozen=True)
class NetworkEntry:
    """How tests draw a network.

    Attributes:
      networks: A strategy of networks.
      input_shape: The shape of one row that each of them takes.
    """

    networks: st.SearchStrategy
    input_shape: tuple[int, ...]


PRIORS: dict[type, Callable[[int], st.SearchStrategy]] = {
    priors.MaskedAutoregressiveFlow: lambda latent_size: _flows(priors.MaskedAutoregressiveFlow),
    priors.MixtureOfGaussians: lambda latent_size: builds(
        priors.MixtureOfGaussians,
        components=st.integers(1, 3),
        scale_floor=st.sampled_from([0.0, 1e-2]),
    ),
    priors.Normal: lambda latent_size: builds(
        priors.Normal, scale_floor=st.sampled_from([0.0, 1e-2])
    ),
    priors.RealNVP: lambda latent_size: _flows(priors.RealNVP) if latent_size > 1 else st.nothing(),
    priors.RelaxedOneHotCategorical: lambda latent_size: builds(
        priors.RelaxedOneHotCategorical,
        latent_variables=st.just(1),
        categories=st.just(latent_size),
        temperature=st.sampled_from([0.5, 2.0]),
    ),
    priors.SphericalUniform: lambda latent_size: builds(priors.SphericalUniform),
    priors.StandardNormal: lambda latent_size: builds(priors.StandardNormal),
    priors.VampPrior: lambda latent_size: builds(priors.VampPrior, pseudo_inputs=st.integers(1, 3)),
}

_PRIORS_OF_REAL_VECTORS = (
    priors.MaskedAutoregressiveFlow,
    priors.MixtureOfGaussians,
    priors.Normal,
    priors.RealNVP,
    priors.StandardNormal,
    priors.VampPrior,
)

POSTERIORS: dict[type, PosteriorEntry] = {
    posteriors.InverseAutoregressiveFlow: PosteriorEntry(
        layers=lambda latent_size: _flows(
            posteriors.InverseAutoregressiveFlow,
            latent_size=st.just(latent_size),
            context_size=st.integers(1, 3),
            gate_bias=st.sampled_from([0.0, 2.0]),
            scale_floor=st.sampled_from([1e-6, 1e-2]),
        ),
        priors=_PRIORS_OF_REAL_VECTORS,
    ),
    posteriors.MultivariateNormalDiag: PosteriorEntry(
        layers=lambda latent_size: builds(
            posteriors.MultivariateNormalDiag,
            latent_size=st.just(latent_size),
            scale_floor=st.sampled_from([0.0, 1e-6, 1e-2]),
            scale_activation=st.sampled_from(["softplus", "exp"]),
        ),
        priors=_PRIORS_OF_REAL_VECTORS,
    ),
    posteriors.MultivariateNormalDiagPlusLowRank: PosteriorEntry(
        layers=lambda latent_size: builds(
            posteriors.MultivariateNormalDiagPlusLowRank,
            latent_size=st.just(latent_size),
            rank=st.integers(1, latent_size),
            scale_floor=st.sampled_from([1e-3, 1e-2]),
        ),
        priors=_PRIORS_OF_REAL_VECTORS,
    ),
    posteriors.MultivariateNormalTriL: PosteriorEntry(
        layers=lambda latent_size: builds(
            posteriors.MultivariateNormalTriL,
            latent_size=st.just(latent_size),
            scale_floor=st.sampled_from([1e-6, 1e-2]),
        ),
        priors=_PRIORS_OF_REAL_VECTORS,
    ),
    posteriors.PowerSpherical: PosteriorEntry(
        layers=lambda latent_size: builds(
            posteriors.PowerSpherical, latent_size=st.just(latent_size)
        ),
        priors=(priors.SphericalUniform, priors.VampPrior),
        smallest_latent_size=2,
    ),
    posteriors.RelaxedOneHotCategorical: PosteriorEntry(
        layers=lambda latent_size: builds(
            posteriors.RelaxedOneHotCategorical,
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
        priors=(priors.RelaxedOneHotCategorical, priors.VampPrior),
        smallest_latent_size=2,
    ),
}


def _flows(kind: type, **arguments: st.SearchStrategy) -> st.SearchStrategy:
    return builds(
        kind,
        steps=st.integers(1, 2),
        units=st.lists(st.integers(1, 4), max_size=1),
        activation=activations,
        **arguments,
    )


LIKELIHOODS: dict[type, LikelihoodEntry] = {
    likelihoods.Bernoulli: LikelihoodEntry(
        layers=lambda event_shape: builds(likelihoods.Bernoulli, st.just(event_shape)),
        inside=lambda layer, rng, shape: rng.integers(0, 2, size=shape).astype(np.float64),
        outside=(-1.0, 0.5, 2.0, 255.0),
    ),
    likelihoods.Categorical: LikelihoodEntry(
        layers=lambda event_shape: builds(
            likelihoods.Categorical, st.just(event_shape), classes=st.integers(2, 4)
        ),
        inside=lambda layer, rng, shape: rng.integers(0, layer.classes, shape).astype(np.float64),
        outside=(-1.0, 0.5, 4.0, 255.0),
    ),
    likelihoods.ContinuousBernoulli: LikelihoodEntry(
        layers=lambda event_shape: builds(likelihoods.ContinuousBernoulli, st.just(event_shape)),
        inside=lambda layer, rng, shape: np.clip(rng.uniform(-0.1, 1.1, size=shape), 0.0, 1.0),
        outside=(-0.1, 1.5, 255.0),
    ),
    likelihoods.DiscretizedLogistic: LikelihoodEntry(
        layers=lambda event_shape: builds(
            likelihoods.DiscretizedLogistic,
            st.just(event_shape),
            levels=st.sampled_from([2, 17, 256]),
            scale_floor=st.sampled_from([1e-2, 1.0]),
        ),
        inside=lambda layer, rng, shape: rng.integers(0, layer.levels, shape).astype(np.float64),
        outside=(-1.0, 0.5, 256.0),
    ),
    likelihoods.Gamma: LikelihoodEntry(
        layers=lambda event_shape: builds(
            likelihoods.Gamma, st.just(event_shape), variation_floor=st.sampled_from([1e-2, 0.1])
        ),
        inside=lambda layer, rng, shape: rng.gamma(2.0, size=shape),
        outside=(-1.0, 0.0),
    ),
    likelihoods.Laplace: LikelihoodEntry(
        layers=lambda event_shape: builds(
            likelihoods.Laplace, st.just(event_shape), scale_floor=st.sampled_from([1e-3, 1e-2])
        ),
        inside=lambda layer, rng, shape: rng.laplace(size=shape),
        outside=(),
    ),
    likelihoods.NegativeBinomial: LikelihoodEntry(
        layers=lambda event_shape: builds(
            likelihoods.NegativeBinomial,
            st.just(event_shape),
            dispersion=st.sampled_from(["shared", "learned"]),
        ),
        inside=lambda layer, rng, shape: rng.negative_binomial(1.0, 0.2, shape).astype(np.float64),
        outside=(-1.0, 0.5),
    ),
    likelihoods.Normal: LikelihoodEntry(
        layers=lambda event_shape: builds(
            likelihoods.Normal,
            st.just(event_shape),
            scale=st.sampled_from([0.1, 1.0, "shared", "learned", "calibrated"]),
            scale_floor=st.sampled_from([1e-3, 1e-2]),
        ),
        inside=lambda layer, rng, shape: rng.normal(size=shape),
        outside=(),
    ),
    likelihoods.Poisson: LikelihoodEntry(
        layers=lambda event_shape: builds(likelihoods.Poisson, st.just(event_shape)),
        inside=lambda layer, rng, shape: rng.poisson(3.0, shape).astype(np.float64),
        outside=(-1.0, 0.5),
    ),
    likelihoods.Product: LikelihoodEntry(
        layers=lambda event_shape: (
            _products(event_shape[0]) if len(event_shape) == 1 else st.nothing()
        ),
        inside=lambda *arguments: _product_data(*arguments),  # noqa: PLW0108, defined below
        outside=(),
    ),
    likelihoods.StudentT: LikelihoodEntry(
        layers=lambda event_shape: builds(
            likelihoods.StudentT,
            st.just(event_shape),
            df=st.sampled_from([2.5, 30.0, "shared", "learned"]),
            scale_floor=st.sampled_from([1e-3, 1e-2]),
        ),
        inside=lambda layer, rng, shape: rng.standard_t(3.0, size=shape),
        outside=(),
    ),
    likelihoods.ZeroInflatedNegativeBinomial: LikelihoodEntry(
        layers=lambda event_shape: builds(
            likelihoods.ZeroInflatedNegativeBinomial,
            st.just(event_shape),
            dispersion=st.sampled_from(["shared", "learned"]),
        ),
        inside=lambda layer, rng, shape: (
            rng.integers(0, 2, shape) * rng.negative_binomial(1.0, 0.2, shape).astype(np.float64)
        ),
        outside=(-1.0, 0.5),
    ),
}


@st.composite
def _products(draw: Any, columns: int) -> Any:
    """Draws a product of two parts, or of one where there is one column, in any order."""
    order = draw(st.permutations(range(columns)))
    cut = draw(st.integers(1, max(columns - 1, 1)))
    groups = [group for group in (order[:cut], order[cut:]) if group]
    families = [kind for kind in LIKELIHOODS if kind is not likelihoods.Product]
    parts = [
        (group, draw(LIKELIHOODS[draw(st.sampled_from(families))].layers([len(group)])))
        for group in groups
    ]
    with own_random_state():
        return likelihoods.Product(parts)


def _product_data(layer: Any, rng: np.random.Generator, shape: list[int]) -> np.ndarray:
    x = np.empty(shape)
    for columns, part in zip(layer.columns, layer.parts, strict=True):
        x[:, columns] = LIKELIHOODS[type(part)].inside(part, rng, [shape[0], len(columns)])
    return x


SCHEDULES: dict[type, st.SearchStrategy] = {
    objectives.LinearWarmUp: builds(
        objectives.LinearWarmUp,
        steps=st.integers(1, 50),
        start=st.floats(0.0, 1.0),
        end=st.floats(0.0, 4.0),
    ),
}

kl_weights = st.one_of(
    st.floats(0.0, 4.0),
    *SCHEDULES.values(),
    builds(
        keras.optimizers.schedules.PolynomialDecay,
        initial_learning_rate=st.just(0.1),
        decay_steps=st.integers(1, 50),
        end_learning_rate=st.just(1.0),
    ),
)

OBJECTIVES: dict[type, st.SearchStrategy] = {
    objectives.BetaTCVAE: builds(
        objectives.BetaTCVAE,
        data_size=st.integers(5, 50),
        total_correlation_weight=st.floats(0.0, 10.0),
        mutual_information_weight=st.floats(0.0, 4.0),
        dimension_wise_kl_weight=st.floats(0.0, 4.0),
        aggregate_estimator=st.sampled_from(["minibatch_weighted", "minibatch_stratified"]),
        sample_size=st.integers(1, 3),
    ),
    objectives.ELBO: builds(
        objectives.ELBO,
        kl_weight=kl_weights,
        free_bits=st.sampled_from([0.0, 0.1, 1.0]),
        sample_size=st.integers(1, 3),
        gradient_estimator=st.sampled_from(["standard", "sticking_the_landing"]),
    ),
    objectives.InfoVAE: builds(
        objectives.InfoVAE,
        mmd_weight=st.floats(0.0, 100.0),
        kl_weight=st.floats(0.0, 4.0),
        bandwidth=st.sampled_from([None, 0.5, 2.0]),
        sample_size=st.integers(1, 3),
    ),
    objectives.IWAE: builds(
        objectives.IWAE,
        importance_sample_size=st.integers(1, 4),
        gradient_estimator=st.sampled_from(["standard", "doubly_reparameterized"]),
    ),
}

NETWORKS: dict[str, NetworkEntry] = {
    "mlp": NetworkEntry(
        builds(
            networks.mlp,
            st.lists(st.integers(1, 6), max_size=3),
            activation=activations,
            dropout=st.sampled_from([0.0, 0.3]),
        ),
        (2, 3),
    ),
    "conv": NetworkEntry(
        builds(
            networks.conv,
            st.lists(st.integers(1, 4), min_size=1, max_size=2),
            kernel_size=st.integers(1, 3),
            strides=st.integers(1, 2),
            activation=activations,
        ),
        (5, 4, 1),
    ),
    "conv_transpose": NetworkEntry(
        builds(
            networks.conv_transpose,
            st.lists(st.integers(1, 4), min_size=1, max_size=2),
            event_shape=st.sampled_from([[4, 4, 1], [5, 3, 2], [3, 3]]),
            kernel_size=st.integers(1, 3),
            strides=st.integers(1, 3),
            activation=activations,
        ),
        (3,),
    ),
    "MADE": NetworkEntry(
        builds(
            networks.MADE,
            parameters=st.integers(1, 3),
            units=st.lists(st.integers(1, 6), max_size=2),
            activation=activations,
            order=st.sampled_from(["left_to_right", "right_to_left", [1, 0, 2]]),
        ),
        (3,),
    ),
    "MaskedDense": NetworkEntry(
        builds(
            networks.MaskedDense,
            input_degrees=st.lists(st.integers(0, 4), min_size=3, max_size=3),
            degrees=st.lists(st.integers(0, 4), min_size=1, max_size=5),
            activation=activations,
        ),
        (3,),
    ),
    "StochasticBinarization": NetworkEntry(builds(networks.StochasticBinarization), (4,)),
}


def public_classes(module: Any, base: type) -> set[type]:
    """Returns the concrete subclasses of `base` among the public names of `module`."""
    members = (getattr(module, name) for name in module.__all__)
    return {
        member
        for member in members
        if inspect.isclass(member) and issubclass(member, base) and not inspect.isabstract(member)
    }


def missing() -> set[str]:
    """Returns the public building blocks for which no strategy stands here."""
    kinds = [
        (posteriors, posteriors.Posterior, POSTERIORS),
        (priors, priors.Prior, PRIORS),
        (likelihoods, likelihoods.Likelihood, LIKELIHOODS),
        (objectives, objectives.Objective, OBJECTIVES),
        (objectives, objectives.Schedule, SCHEDULES),
    ]
    classes = {
        f"{module.__name__}.{kind.__name__}"
        for module, base, registry in kinds
        for kind in public_classes(module, base) - set(registry)
    }
    names = {f"{networks.__name__}.{name}" for name in set(networks.__all__) - set(NETWORKS)}
    return classes | names


def data_for(likelihood: Any, rows: int, seed: int = 0) -> np.ndarray:
    """Returns data `[rows, *event_shape]` in the support of a likelihood."""
    rng = np.random.default_rng(seed)
    return LIKELIHOODS[type(likelihood)].inside(likelihood, rng, [rows, *likelihood.event_shape])


def all_posteriors(latent_size: int, kinds: Iterable[type] = ()) -> st.SearchStrategy:
    """Returns a strategy of posteriors of some kinds, by default of every kind."""
    entries = [POSTERIORS[kind] for kind in kinds or POSTERIORS]
    return st.one_of(
        *(
            entry.layers(latent_size)
            for entry in entries
            if latent_size >= entry.smallest_latent_size
        )
    )


def priors_for(posterior: Any, kinds: Iterable[type] = ()) -> st.SearchStrategy:
    """Returns a strategy of priors that go with a posterior, of some kinds or of every kind."""
    wanted = kinds or POSTERIORS[type(posterior)].priors
    return st.one_of(*(PRIORS[kind](posterior.latent_size) for kind in wanted))


def suits(objective: Any, posterior: Any, prior: Any) -> bool:
    """Tells whether an objective can be trained with a posterior and a prior.

    Free bits and the decomposed KL ask for independent latents, and the discrepancy of the
    aggregate posterior for a prior whose draws have a gradient, which those of mixtures have not.
    """
    independent = type(posterior) is posteriors.MultivariateNormalDiag and type(prior) in (
        priors.Normal,
        priors.StandardNormal,
    )
    if isinstance(objective, objectives.BetaTCVAE) or getattr(objective, "free_bits", 0.0):
        return independent
    mixture = type(prior) in (priors.MixtureOfGaussians, priors.VampPrior)
    return not (isinstance(objective, objectives.InfoVAE) and mixture)


def all_likelihoods(event_shape: list[int]) -> st.SearchStrategy:
    """Returns a strategy of likelihoods of every kind."""
    return st.one_of(*(entry.layers(event_shape) for entry in LIKELIHOODS.values()))


def all_objectives() -> st.SearchStrategy:
    """Returns a strategy of objectives of every kind."""
    return st.one_of(*OBJECTIVES.values())


def objectives_for(posterior: Any, prior: Any) -> st.SearchStrategy:
    """Returns a strategy of objectives that can be trained with a posterior and a prior."""
    return all_objectives().filter(lambda objective: suits(objective, posterior, prior))


@st.composite
def vaes(
    draw: Any,
    posterior_kinds: Iterable[type] = (),
    prior_kinds: Iterable[type] = (),
    **options: Any,
) -> tfp_vae.VAE:
    """Draws a small model; `options` are arguments of `tfp_vae.VAE` to take as they are."""
    latent_size = draw(latent_sizes)
    event_shape = draw(event_shapes)
    trunks = builds(networks.mlp, st.lists(st.integers(2, 5), max_size=1), activations)
    posterior = draw(all_posteriors(latent_size, posterior_kinds))
    encoder = draw(trunks), posterior
    decoder = draw(trunks), draw(all_likelihoods(event_shape))
    prior = draw(priors_for(posterior, prior_kinds))
    suited = objectives_for(posterior, prior)
    parts = {"prior": prior, "objective": draw(suited), **options}
    with own_random_state(draw(st.integers(0, 2**31))):
        return tfp_vae.VAE(tfp_vae.Encoder(*encoder), tfp_vae.Decoder(*decoder), **parts)


@st.composite
def vaes_with_data(draw: Any, max_rows: int = 5, **options: Any) -> tuple[tfp_vae.VAE, np.ndarray]:
    """Draws a small model and data `[1 to max_rows, *event]` that it can score."""
    vae = draw(vaes(**options))
    rows = draw(st.integers(1, max_rows))
    return vae, data_for(vae.decoder.likelihood, rows, draw(st.integers(0, 2**31)))
