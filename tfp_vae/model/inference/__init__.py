"""What a trained model is asked once more: a better prior, a better posterior, exact draws."""

from tfp_vae.model.inference.posterior_samples import (
    PosteriorSamples,
    latents_are_unbounded,
    posterior_samples,
)
from tfp_vae.model.inference.prior_refit import refitted
from tfp_vae.model.inference.refinement import refined

__all__ = [
    "PosteriorSamples",
    "latents_are_unbounded",
    "posterior_samples",
    "refined",
    "refitted",
]
