"""Variational autoencoders made of distribution objects, on TensorFlow Probability and Keras 3."""

from tfp_vae import _quiet_import  # noqa: F401 - first, so that what follows imports in silence
from tfp_vae._version import __version__

__all__ = ["__version__"]
