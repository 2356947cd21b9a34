"""Variational autoencoders made of distribution objects, on TensorFlow Probability and Keras 3."""

from tfp_vae import _quiet_import  # noqa: F401, I001 - first, so that what follows imports in silence
from tfp_vae import divergences, likelihoods, networks, objectives, posteriors, priors
from tfp_vae._version import __version__
from tfp_vae.model import VAE, Decoder, Encoder

__all__ = [
    "VAE",
    "Decoder",
    "Encoder",
    "__version__",
    "divergences",
    "likelihoods",
    "networks",
    "objectives",
    "posteriors",
    "priors",
]
