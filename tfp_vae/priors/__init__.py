"""Priors p(z) over the latents."""

from tfp_vae.priors.base import Prior
from tfp_vae.priors.standard_normal import StandardNormal

__all__ = ["Prior", "StandardNormal"]
