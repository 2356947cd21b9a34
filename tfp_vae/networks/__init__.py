"""Networks: Keras layers from features to features."""

from tfp_vae.networks.binarization import StochasticBinarization
from tfp_vae.networks.conv import conv, conv_transpose
from tfp_vae.networks.made import MADE
from tfp_vae.networks.masked_dense import MaskedDense
from tfp_vae.networks.mlp import mlp

__all__ = ["MADE", "MaskedDense", "StochasticBinarization", "conv", "conv_transpose", "mlp"]
