"""Plots of a model and its training; each returns Matplotlib axes or a figure."""

from tfp_vae.plotting.calibration import calibration
from tfp_vae.plotting.comparison import compare
from tfp_vae.plotting.images import reconstructions, samples
from tfp_vae.plotting.kl_per_dimension import kl_per_dimension
from tfp_vae.plotting.latent_space import latent
from tfp_vae.plotting.latent_traversals import interpolation, traversals
from tfp_vae.plotting.out_of_distribution import out_of_distribution
from tfp_vae.plotting.posterior_predictive_check import posterior_predictive_check
from tfp_vae.plotting.rate_distortion import rate_distortion
from tfp_vae.plotting.training_curves import training

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
