"""The model: encoder, decoder, and the variational autoencoder made of them."""

from tfp_vae.model.coders import Decoder, Encoder
from tfp_vae.model.vae import VAE

__all__ = ["VAE", "Decoder", "Encoder"]
