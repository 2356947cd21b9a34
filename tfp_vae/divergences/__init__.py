"""Divergences of a posterior from a prior."""

# The first two register divergences with TensorFlow Probability.
from tfp_vae.divergences import normals, spheres  # noqa: F401
from tfp_vae.divergences.kl import (
    declaration,
    exact_kl_divergence,
    kl_divergence_per_dimension,
    sampled_kl_divergence,
)

__all__ = [
    "declaration",
    "exact_kl_divergence",
    "kl_divergence_per_dimension",
    "sampled_kl_divergence",
]
