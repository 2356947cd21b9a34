"""Divergences of a posterior from a prior."""

from tfp_vae.divergences.kl import (
    exact_kl_divergence,
    kl_divergence_per_dimension,
    latent_factors,
    sampled_kl_divergence,
)

__all__ = [
    "exact_kl_divergence",
    "kl_divergence_per_dimension",
    "latent_factors",
    "sampled_kl_divergence",
]
