"""Networks: Keras layers from features to features."""

from tfp_vae.networks.binarization import StochasticBinarization
from tfp_vae.networks.column_encodings import ColumnEncodings
from tfp_vae.networks.conv import conv, conv_transpose
from tfp_vae.networks.corruption import GaussianCorruption, MaskingCorruption
from tfp_vae.networks.linear_path import LinearPath
from tfp_vae.networks.made import MADE
from tfp_vae.networks.masked_dense import MaskedDense
from tfp_vae.networks.mlp import mlp
from tfp_vae.networks.next_code import NextCode
from tfp_vae.networks.recurrent import recurrent, recurrent_decoder
from tfp_vae.networks.residual import ResidualBlock, residual, residual_transpose
from tfp_vae.networks.sequence_encoder import LastAndLargest, SequenceEncoder
from tfp_vae.networks.standardization import (
    AffineMap,
    OneHot,
    Standardization,
    compressed_tails,
    moments,
)
from tfp_vae.networks.temporal_conv import temporal_conv, temporal_conv_decoder
from tfp_vae.networks.transformer import transformer, transformer_decoder

__all__ = [
    "MADE",
    "AffineMap",
    "ColumnEncodings",
    "GaussianCorruption",
    "LastAndLargest",
    "LinearPath",
    "MaskedDense",
    "MaskingCorruption",
    "NextCode",
    "OneHot",
    "SequenceEncoder",
    "ResidualBlock",
    "Standardization",
    "StochasticBinarization",
    "compressed_tails",
    "conv",
    "conv_transpose",
    "mlp",
    "moments",
    "recurrent",
    "recurrent_decoder",
    "temporal_conv",
    "temporal_conv_decoder",
    "transformer",
    "transformer_decoder",
    "residual",
    "residual_transpose",
]
