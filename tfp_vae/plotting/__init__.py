"""Plots of a model and of its training; each returns Matplotlib axes or a figure."""

from tfp_vae.plotting.comparison import compare
from tfp_vae.plotting.coverage import calibration
from tfp_vae.plotting.curves import training
from tfp_vae.plotting.latents import latent
from tfp_vae.plotting.predictive_check import posterior_predictive_check
from tfp_vae.plotting.rows import reconstructions, samples
from tfp_vae.plotting.strangeness import out_of_distribution
from tfp_vae.plotting.trade_off import rate_distortion
from tfp_vae.plotting.usage import kl_per_dimension
from tfp_vae.plotting.walks import interpolation, traversals

__all__ = [
    "calibration",
    "compare",
    "interpolation",
    "kl_per_dimension",
    "latent",
    "out_of_distribution",
    "posterior_predictive_check",
    "rate_distortion",
    "reconstructions",
    "samples",
    "training",
    "traversals",
]
