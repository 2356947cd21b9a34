"""Divergences of a posterior from a prior."""

from tfp_vae.divergences.aggregate import (
    AGGREGATE_ESTIMATORS,
    KLDecomposition,
    decomposed_kl_divergence,
)
from tfp_vae.divergences.discrepancy import squared_maximum_mean_discrepancy
from tfp_vae.divergences.kl import (
    exact_kl_divergence,
    kl_divergence_per_dimension,
    latent_factors,
    sampled_kl_divergence,
)

__all__ = [
    "AGGREGATE_ESTIMATORS",
    "KLDecomposition",
    "decomposed_kl_divergence",
    "exact_kl_divergence",
    "kl_divergence_per_dimension",
    "latent_factors",
    "sampled_kl_divergence",
    "squared_maximum_mean_discrepancy",
]
