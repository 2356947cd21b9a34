"""Evaluation: what a trained model is worth."""

from tfp_vae.evaluation.bound import ELBOSummary, elbo
from tfp_vae.evaluation.marginal import MarginalLikelihood, log_marginal_likelihood

__all__ = ["ELBOSummary", "MarginalLikelihood", "elbo", "log_marginal_likelihood"]
