"""Encoders, decoders and transitions: a network, then a distribution."""

from tfp_vae.model.coders.decoder import Decoder
from tfp_vae.model.coders.distribution_network import DistributionNetwork
from tfp_vae.model.coders.encoder import Encoder
from tfp_vae.model.coders.transition import Transition

__all__ = ["Decoder", "DistributionNetwork", "Encoder", "Transition"]
