"""Plots of a model and of its training; each returns Matplotlib axes or a figure."""

from tfp_vae.plotting.curves import training
from tfp_vae.plotting.latents import latent
from tfp_vae.plotting.rows import reconstructions, samples

__all__ = ["latent", "reconstructions", "samples", "training"]
