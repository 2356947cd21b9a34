"""Atomic saving of models, and safe loading of untrusted `.keras` files."""

from tfp_vae.saving.atomic_model import whole_model, whole_weights
from tfp_vae.saving.checked_load import load_checked

__all__ = ["load_checked", "whole_model", "whole_weights"]
