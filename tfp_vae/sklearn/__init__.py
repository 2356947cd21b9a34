"""A variational autoencoder as a scikit-learn transformer."""

from tfp_vae.sklearn.vae_transformer import VAETransformer

__all__ = ["VAETransformer"]
