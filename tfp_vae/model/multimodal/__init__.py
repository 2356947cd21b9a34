"""Models of several views of the same rows."""

from tfp_vae.model.multimodal.multimodal_vae import MultimodalVAE

__all__ = ["MultimodalVAE"]
