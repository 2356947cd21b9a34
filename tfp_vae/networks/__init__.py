"""Networks: Keras trunks, features in and features out."""

from tfp_vae.networks.binarization import StochasticBinarization
from tfp_vae.networks.conv import conv, conv_transpose
from tfp_vae.networks.mlp import mlp

__all__ = ["StochasticBinarization", "conv", "conv_transpose", "mlp"]
