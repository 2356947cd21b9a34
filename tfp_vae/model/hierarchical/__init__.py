"""Models of several layers of latents."""

from tfp_vae.model.hierarchical.hierarchical_vae import HierarchicalVAE

__all__ = ["HierarchicalVAE"]
