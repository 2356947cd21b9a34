"""Evaluation: what a trained model is worth."""

from tfp_vae.evaluation.bound import ELBOSummary, elbo
from tfp_vae.evaluation.comparison import Comparison, compare
from tfp_vae.evaluation.coverage import Calibration, calibration
from tfp_vae.evaluation.factors import Disentanglement, disentanglement
from tfp_vae.evaluation.marginal import MarginalLikelihood, log_marginal_likelihood
from tfp_vae.evaluation.strangeness import OutOfDistribution, out_of_distribution
from tfp_vae.evaluation.usage import LatentUsage, latent_usage

__all__ = [
    "Calibration",
    "Comparison",
    "Disentanglement",
    "ELBOSummary",
    "LatentUsage",
    "MarginalLikelihood",
    "OutOfDistribution",
    "calibration",
    "compare",
    "disentanglement",
    "elbo",
    "latent_usage",
    "log_marginal_likelihood",
    "out_of_distribution",
]
