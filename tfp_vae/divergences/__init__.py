"""Divergences of a posterior from a prior: exact, estimated, and taken apart."""

# The first registers divergences with TensorFlow Probability.
from tfp_vae.divergences import kl_registrations  # noqa: F401
from tfp_vae.divergences.active_units import (
    ACTIVE_UNIT_VARIANCE,
    POSTERIOR_COLLAPSE_ADVICE,
    active_units,
)
from tfp_vae.divergences.declaration import declaration
from tfp_vae.divergences.kl import (
    exact_kl_divergence,
    kl_divergence_per_dimension,
    latent_factors,
    sampled_kl_divergence,
)
from tfp_vae.divergences.kl_decomposition import (
    AGGREGATE_ESTIMATORS,
    KLDecomposition,
    decomposed_kl_divergence,
)
from tfp_vae.divergences.kl_per_layer import is_summed_over_layers, kl_divergence_per_layer
from tfp_vae.divergences.mmd import KERNELS, squared_maximum_mean_discrepancy

__all__ = [
    "ACTIVE_UNIT_VARIANCE",
    "AGGREGATE_ESTIMATORS",
    "KERNELS",
    "KLDecomposition",
    "POSTERIOR_COLLAPSE_ADVICE",
    "active_units",
    "declaration",
    "decomposed_kl_divergence",
    "exact_kl_divergence",
    "kl_divergence_per_dimension",
    "is_summed_over_layers",
    "kl_divergence_per_layer",
    "latent_factors",
    "sampled_kl_divergence",
    "squared_maximum_mean_discrepancy",
]
