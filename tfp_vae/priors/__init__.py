"""Priors p(z) over the latents."""

from tfp_vae.priors.base import Prior
from tfp_vae.priors.masked_autoregressive_flow import MaskedAutoregressiveFlow
from tfp_vae.priors.real_nvp import RealNVP
from tfp_vae.priors.standard_normal import StandardNormal

__all__ = ["MaskedAutoregressiveFlow", "Prior", "RealNVP", "StandardNormal"]
