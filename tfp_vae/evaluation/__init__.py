"""Evaluation: what a trained model is worth."""

from tfp_vae.evaluation.bound import ELBOSummary, elbo
from tfp_vae.evaluation.comparison import Comparison, compare
from tfp_vae.evaluation.coverage import Calibration, calibration
from tfp_vae.evaluation.factors import Disentanglement, disentanglement
from tfp_vae.evaluation.marginal import MarginalLikelihood, log_marginal_likelihood
from tfp_vae.evaluation.predictive_check import PredictiveCheck, posterior_predictive_check
from tfp_vae.evaluation.reconstruction import ReconstructionError, reconstruction_error
from tfp_vae.evaluation.strangeness import OutOfDistribution, out_of_distribution
from tfp_vae.evaluation.trade_off import RateDistortion, rate_distortion
from tfp_vae.evaluation.usage import LatentUsage, latent_usage

__all__ = [
    "Calibration",
    "Comparison",
    "Disentanglement",
    "ELBOSummary",
    "LatentUsage",
    "MarginalLikelihood",
    "OutOfDistribution",
    "PredictiveCheck",
    "RateDistortion",
    "ReconstructionError",
    "calibration",
    "compare",
    "disentanglement",
    "elbo",
    "latent_usage",
    "log_marginal_likelihood",
    "out_of_distribution",
    "posterior_predictive_check",
    "rate_distortion",
    "reconstruction_error",
]
