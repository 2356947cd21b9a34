"""Data: digits to begin with, arrays from files, and parts to hold out."""

from tfp_vae.datasets.digits import Digits, digits
from tfp_vae.datasets.files import from_file
from tfp_vae.datasets.splitting import Split, split

__all__ = ["Digits", "Split", "digits", "from_file", "split"]
