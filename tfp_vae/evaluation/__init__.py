"""Evaluation: what a trained model is worth."""

from tfp_vae.evaluation.bound import ELBOSummary, elbo
from tfp_vae.evaluation.marginal import MarginalLikelihood, log_marginal_likelihood
from tfp_vae.evaluation.usage import LatentUsage, latent_usage

__all__ = [
    "ELBOSummary",
    "LatentUsage",
    "MarginalLikelihood",
    "elbo",
    "latent_usage",
    "log_marginal_likelihood",
]
