"""Hypothesis strategies of models, of their parts, and of data for them.

They draw small ones, of every public class, and are what the properties of this library are tested
with. They need `pip install "tfp-vae[testing]"`.
"""

from tfp_vae.testing.strategies.building import builds, event_shapes, latent_sizes, seeds
from tfp_vae.testing.strategies.likelihood import likelihoods
from tfp_vae.testing.strategies.model import (
    aggregate_posteriors,
    enumerables,
    linear_gaussians,
    vaes,
    vaes_with_data,
)
from tfp_vae.testing.strategies.network import perceptrons
from tfp_vae.testing.strategies.objective import objectives
from tfp_vae.testing.strategies.observation import observations, observations_outside, observed
from tfp_vae.testing.strategies.posterior import posteriors
from tfp_vae.testing.strategies.prior import priors

__all__ = [
    "aggregate_posteriors",
    "builds",
    "enumerables",
    "event_shapes",
    "latent_sizes",
    "likelihoods",
    "linear_gaussians",
    "objectives",
    "observations",
    "observations_outside",
    "observed",
    "perceptrons",
    "posteriors",
    "priors",
    "seeds",
    "vaes",
    "vaes_with_data",
]
