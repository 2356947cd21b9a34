"""Strategies of likelihoods p(x|z), and of data inside and outside their supports."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

from tfp_vae import likelihoods as kinds_of_likelihood
from tfp_vae.seeds import keras_seeded
from tfp_vae.testing.strategies.building import builds


@dataclass(frozen=True)
class LikelihoodEntry:
    """How a likelihood and its data are drawn.

    Attributes:
      layers: From an event shape to a strategy of layers.
      inside: From a layer, a NumPy generator and a shape to data in the support.
      outside: Numbers of which none lies in the support.
    """

    layers: Callable[[list[int]], st.SearchStrategy]
    inside: Callable[[Any, np.random.Generator, list[int]], np.ndarray]
    outside: tuple[float, ...]


LIKELIHOODS: dict[type, LikelihoodEntry] = {
    kinds_of_likelihood.AutoregressiveCategorical: LikelihoodEntry(
        layers=lambda event_shape: _sequences(event_shape),  # noqa: PLW0108, defined below
        inside=lambda *arguments: _codes_up_to_the_end(*arguments),  # noqa: PLW0108, defined below
        outside=(-1.0, 0.5, 4.0, 255.0),
    ),
    kinds_of_likelihood.Bernoulli: LikelihoodEntry(
        layers=lambda event_shape: builds(kinds_of_likelihood.Bernoulli, st.just(event_shape)),
        inside=lambda layer, rng, shape: rng.integers(0, 2, size=shape).astype(np.float64),
        outside=(-1.0, 0.5, 2.0, 255.0),
    ),
    kinds_of_likelihood.Categorical: LikelihoodEntry(
        layers=lambda event_shape: builds(
            kinds_of_likelihood.Categorical, st.just(event_shape), classes=st.integers(2, 4)
        ),
        inside=lambda layer, rng, shape: rng.integers(0, layer.classes, shape).astype(np.float64),
        outside=(-1.0, 0.5, 4.0, 255.0),
    ),
    kinds_of_likelihood.ContinuousBernoulli: LikelihoodEntry(
        layers=lambda event_shape: builds(
            kinds_of_likelihood.ContinuousBernoulli, st.just(event_shape)
        ),
        inside=lambda layer, rng, shape: np.clip(rng.uniform(-0.1, 1.1, size=shape), 0.0, 1.0),
        outside=(-0.1, 1.5, 255.0),
    ),
    kinds_of_likelihood.DirichletMultinomial: LikelihoodEntry(
        layers=lambda event_shape: builds(
            kinds_of_likelihood.DirichletMultinomial,
            st.just(event_shape),
            concentration=st.sampled_from(["shared", "learned"]),
            total=st.sampled_from([None, 7]),
        ),
        inside=lambda layer, rng, shape: rng.negative_binomial(1.0, 0.2, shape).astype(np.float64),
        outside=(-1.0, 0.5),
    ),
    kinds_of_likelihood.DiscretizedLogistic: LikelihoodEntry(
        layers=lambda event_shape: builds(
            kinds_of_likelihood.DiscretizedLogistic,
            st.just(event_shape),
            levels=st.sampled_from([2, 17, 256]),
            scale_floor=st.sampled_from([1e-2, 1.0]),
        ),
        inside=lambda layer, rng, shape: rng.integers(0, layer.levels, shape).astype(np.float64),
        outside=(-1.0, 0.5, 256.0),
    ),
    kinds_of_likelihood.DiscretizedLogisticMixture: LikelihoodEntry(
        layers=lambda event_shape: builds(
            kinds_of_likelihood.DiscretizedLogisticMixture,
            st.just(event_shape),
            components=st.integers(1, 3),
            levels=st.sampled_from([2, 17, 256]),
            scale_floor=st.sampled_from([1e-2, 1.0]),
        ),
        inside=lambda layer, rng, shape: rng.integers(0, layer.levels, shape).astype(np.float64),
        outside=(-1.0, 0.5, 256.0),
    ),
    kinds_of_likelihood.Gamma: LikelihoodEntry(
        layers=lambda event_shape: builds(
            kinds_of_likelihood.Gamma,
            st.just(event_shape),
            variation_floor=st.sampled_from([1e-2, 0.1]),
        ),
        inside=lambda layer, rng, shape: rng.gamma(2.0, size=shape),
        outside=(-1.0, 0.0),
    ),
    kinds_of_likelihood.Laplace: LikelihoodEntry(
        layers=lambda event_shape: builds(
            kinds_of_likelihood.Laplace,
            st.just(event_shape),
            scale_floor=st.sampled_from([1e-3, 1e-2]),
        ),
        inside=lambda layer, rng, shape: rng.laplace(size=shape),
        outside=(),
    ),
    kinds_of_likelihood.Multinomial: LikelihoodEntry(
        layers=lambda event_shape: builds(
            kinds_of_likelihood.Multinomial,
            st.just(event_shape),
            total=st.sampled_from([None, 7]),
        ),
        inside=lambda layer, rng, shape: rng.negative_binomial(1.0, 0.2, shape).astype(np.float64),
        outside=(-1.0, 0.5),
    ),
    kinds_of_likelihood.NegativeBinomial: LikelihoodEntry(
        layers=lambda event_shape: builds(
            kinds_of_likelihood.NegativeBinomial,
            st.just(event_shape),
            dispersion=st.sampled_from(["shared", "learned"]),
        ),
        inside=lambda layer, rng, shape: rng.negative_binomial(1.0, 0.2, shape).astype(np.float64),
        outside=(-1.0, 0.5),
    ),
    kinds_of_likelihood.Normal: LikelihoodEntry(
        layers=lambda event_shape: builds(
            kinds_of_likelihood.Normal,
            st.just(event_shape),
            scale=st.sampled_from([0.1, 1.0, "shared", "learned", "calibrated"]),
            scale_floor=st.sampled_from([1e-3, 1e-2]),
        ),
        inside=lambda layer, rng, shape: rng.normal(size=shape),
        outside=(),
    ),
    kinds_of_likelihood.Poisson: LikelihoodEntry(
        layers=lambda event_shape: builds(kinds_of_likelihood.Poisson, st.just(event_shape)),
        inside=lambda layer, rng, shape: rng.poisson(3.0, shape).astype(np.float64),
        outside=(-1.0, 0.5),
    ),
    kinds_of_likelihood.Product: LikelihoodEntry(
        layers=lambda event_shape: _tables(event_shape),  # noqa: PLW0108, defined below
        inside=lambda *arguments: _product_data(*arguments),  # noqa: PLW0108, defined below
        outside=(),
    ),
    kinds_of_likelihood.StudentT: LikelihoodEntry(
        layers=lambda event_shape: builds(
            kinds_of_likelihood.StudentT,
            st.just(event_shape),
            df=st.sampled_from([2.5, 30.0, "shared", "learned"]),
            scale_floor=st.sampled_from([1e-3, 1e-2]),
        ),
        inside=lambda layer, rng, shape: rng.standard_t(3.0, size=shape),
        outside=(),
    ),
    kinds_of_likelihood.ZeroInflatedNegativeBinomial: LikelihoodEntry(
        layers=lambda event_shape: builds(
            kinds_of_likelihood.ZeroInflatedNegativeBinomial,
            st.just(event_shape),
            dispersion=st.sampled_from(["shared", "learned"]),
        ),
        inside=lambda layer, rng, shape: (
            rng.integers(0, 2, shape) * rng.negative_binomial(1.0, 0.2, shape).astype(np.float64)
        ),
        outside=(-1.0, 0.5),
    ),
}
"""How every public likelihood is drawn, with its data."""


def _sequences(event_shape: list[int]) -> st.SearchStrategy:
    if len(event_shape) != 1:
        return st.nothing()
    return builds(
        kinds_of_likelihood.AutoregressiveCategorical,
        st.just(event_shape),
        classes=st.integers(2, 4),
        recurrent_units=st.integers(1, 4),
        end=st.sampled_from([None, 0]),
    )


def _codes_up_to_the_end(
    layer: kinds_of_likelihood.AutoregressiveCategorical,
    rng: np.random.Generator,
    shape: list[int],
) -> np.ndarray:
    x = rng.integers(0, layer.classes, shape).astype(np.float64)
    if layer.end is None:
        return x
    return np.where(np.maximum.accumulate(x == layer.end, axis=1), layer.end, x)


def _tables(event_shape: list[int]) -> st.SearchStrategy:
    return _products(event_shape[0]) if len(event_shape) == 1 else st.nothing()


@st.composite
def _products(draw: st.DrawFn, columns: int) -> kinds_of_likelihood.Product:
    """Draws a product of two parts, or of one where there is one column, in any order."""
    order = draw(st.permutations(range(columns)))
    cut = draw(st.integers(1, max(columns - 1, 1)))
    groups = [group for group in (order[:cut], order[cut:]) if group]
    alone = (kinds_of_likelihood.AutoregressiveCategorical, kinds_of_likelihood.Product)
    families = [kind for kind in LIKELIHOODS if kind not in alone]
    parts = [
        (group, draw(LIKELIHOODS[draw(st.sampled_from(families))].layers([len(group)])))
        for group in groups
    ]
    with keras_seeded():
        return kinds_of_likelihood.Product(parts)


def _product_data(
    layer: kinds_of_likelihood.Product, rng: np.random.Generator, shape: list[int]
) -> np.ndarray:
    x = np.empty(shape)
    for columns, part in zip(layer.columns, layer.parts, strict=True):
        x[:, columns] = LIKELIHOODS[type(part)].inside(part, rng, [shape[0], len(columns)])
    return x


def likelihoods(event_shape: list[int], kinds: Iterable[type] = ()) -> st.SearchStrategy:
    """Draws a likelihood p(x|z).

    Args:
      event_shape: The shape of one row of data.
      kinds: The classes to draw from, by default all that can have such rows.

    Returns:
      A strategy of `tfp_vae.likelihoods.Likelihood`, which are not built.

    Raises:
      ValueError: If a class is not known.

    Example:
      >>> from hypothesis import find
      >>> from tfp_vae.testing import strategies
      >>> layer = find(strategies.likelihoods([2, 3]), lambda layer: True)
      >>> layer(np.zeros([5, 4])).event_shape
      TensorShape([2, 3])
    """
    wanted = tuple(kinds) or tuple(LIKELIHOODS)
    for kind in wanted:
        if kind not in LIKELIHOODS:
            raise ValueError(f"`kinds` must be public classes of tfp_vae.likelihoods; got {kind}.")
    return st.one_of(*(LIKELIHOODS[kind].layers(event_shape) for kind in wanted))
