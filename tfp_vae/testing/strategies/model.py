"""Strategies of whole models, with data that they can score."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from hypothesis import strategies as st

from tfp_vae.model import VAE, Decoder, Encoder
from tfp_vae.seeds import keras_seeded
from tfp_vae.testing.aggregate_posterior import AggregatePosterior
from tfp_vae.testing.enumerable import Enumerable
from tfp_vae.testing.linear_gaussian import LinearGaussian
from tfp_vae.testing.strategies.building import event_shapes, latent_sizes
from tfp_vae.testing.strategies.likelihood import likelihoods
from tfp_vae.testing.strategies.network import perceptrons
from tfp_vae.testing.strategies.objective import objectives
from tfp_vae.testing.strategies.observation import observations
from tfp_vae.testing.strategies.posterior import posteriors
from tfp_vae.testing.strategies.prior import priors


@st.composite
def vaes(  # noqa: D417 - Hypothesis passes `draw`
    draw: st.DrawFn,
    /,
    posterior_kinds: Iterable[type] = (),
    prior_kinds: Iterable[type] = (),
    likelihood_kinds: Iterable[type] = (),
    **options: Any,
) -> VAE:
    """Draws a small model of any posterior, prior, likelihood and objective that go together.

    Args:
      posterior_kinds: The classes of posteriors to draw from, by default all.
      prior_kinds: The classes of priors to draw from, by default all that go with the posterior.
      likelihood_kinds: The classes of likelihoods to draw from, by default all.
      **options: Arguments of `tfp_vae.VAE` to take as they are.

    Returns:
      A strategy of `tfp_vae.VAE`, which are not compiled.

    Example:
      >>> from hypothesis import find
      >>> from tfp_vae.testing import strategies
      >>> vae = find(strategies.vaes(), lambda vae: True)
      >>> isinstance(vae, tfp_vae.VAE)
      True
    """
    latent_size = draw(latent_sizes())
    posterior = draw(posteriors(latent_size, posterior_kinds))
    encoder = draw(perceptrons()), posterior
    decoder = draw(perceptrons()), draw(likelihoods(draw(event_shapes()), likelihood_kinds))
    prior = draw(priors(latent_size, posterior, prior_kinds))
    parts = {"prior": prior, "objective": draw(objectives(posterior, prior)), **options}
    with keras_seeded(draw(st.integers(0, 2**31))):
        return VAE(Encoder(*encoder), Decoder(*decoder), **parts)


@st.composite
def vaes_with_data(  # noqa: D417 - Hypothesis passes `draw`
    draw: st.DrawFn, /, max_rows: int = 5, **options: Any
) -> tuple[VAE, np.ndarray]:
    """Draws a small model and data that it can score, `[1 to max_rows, *event]`.

    Args:
      max_rows: The most rows to draw.
      **options: Arguments of `vaes`.

    Returns:
      A strategy of pairs of a `tfp_vae.VAE` and an array.

    Example:
      >>> from hypothesis import find
      >>> from tfp_vae.testing import strategies
      >>> vae, x = find(strategies.vaes_with_data(max_rows=3), lambda drawn: True)
      >>> vae.elbo(x, seed=0).elbo.shape == [len(x)]
      True
    """
    vae = draw(vaes(**options))
    return vae, draw(observations(vae.decoder.likelihood, draw(st.integers(1, max_rows))))


def linear_gaussians(
    event_sizes: tuple[int, int] = (3, 5), latent_sizes: tuple[int, int] = (1, 3)
) -> st.SearchStrategy[LinearGaussian]:
    """Draws a linear-Gaussian model, whose log p(x), posterior and bound are known exactly.

    Args:
      event_sizes: The smallest and the largest number of values in a row.
      latent_sizes: The smallest and the largest number of latents.

    Returns:
      A strategy of `tfp_vae.testing.LinearGaussian`.

    Example:
      >>> from hypothesis import find
      >>> from tfp_vae.testing import strategies
      >>> model = find(strategies.linear_gaussians(), lambda model: True)
      >>> model.log_marginal_likelihood(model.draws(6)).shape
      (6,)
    """
    return st.builds(
        LinearGaussian.drawn,
        seed=st.integers(0, 1000),
        event_size=st.integers(*event_sizes),
        latent_size=st.integers(*latent_sizes),
        scale=st.floats(0.3, 2.0),
    )


def aggregate_posteriors() -> st.SearchStrategy[AggregatePosterior]:
    """Draws posteriors of a small data set, whose aggregate and its entropies are known exactly.

    Returns:
      A strategy of `tfp_vae.testing.AggregatePosterior`.

    Example:
      >>> from hypothesis import find
      >>> from tfp_vae.testing import strategies
      >>> aggregate = find(strategies.aggregate_posteriors(), lambda aggregate: True)
      >>> aggregate.log_densities(np.zeros(1)).shape
      (2, 1)
    """
    return st.builds(
        AggregatePosterior.drawn,
        seed=st.integers(0, 1000),
        data_size=st.integers(2, 6),
        latent_size=st.integers(1, 3),
    )


def enumerables() -> st.SearchStrategy[Enumerable]:
    """Draws a model of binary latents, in which every expectation is a finite sum.

    Returns:
      A strategy of `tfp_vae.testing.Enumerable`.

    Example:
      >>> from hypothesis import find
      >>> from tfp_vae.testing import strategies
      >>> model = find(strategies.enumerables(), lambda model: True)
      >>> model.log_marginal_likelihood(model.all_observations()).shape
      (2,)
    """
    return st.builds(
        Enumerable.drawn,
        seed=st.integers(0, 1000),
        event_size=st.integers(1, 3),
        latent_size=st.integers(1, 3),
    )
