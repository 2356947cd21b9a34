"""A variational autoencoder as an estimator of scikit-learn."""

from tfp_vae.sklearn.vae_transformer import VAETransformer

__all__ = ["VAETransformer"]
