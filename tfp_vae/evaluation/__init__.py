"""Evaluation of a trained model."""

from tfp_vae.evaluation.baselines import Baselines, baselines
from tfp_vae.evaluation.calibration import Calibration, calibration
from tfp_vae.evaluation.clustering import Clustering, clustering
from tfp_vae.evaluation.code_usage import CodeUsage, code_usage
from tfp_vae.evaluation.comparison import Comparison, compare
from tfp_vae.evaluation.conditional_likelihood import (
    ConditionalLikelihood,
    log_conditional_likelihood,
)
from tfp_vae.evaluation.disentanglement import disentanglement
from tfp_vae.evaluation.disentanglement_ranking import unsupervised_disentanglement_ranking
from tfp_vae.evaluation.disentanglement_scores.records import (
    Disentanglement,
    UnsupervisedDisentanglementRanking,
)
from tfp_vae.evaluation.elbo import ELBOSummary, elbo
from tfp_vae.evaluation.generation import Generation, generation
from tfp_vae.evaluation.generation_scores.records import DataCopying, GenerationScore
from tfp_vae.evaluation.inference_gaps import InferenceGaps, inference_gaps
from tfp_vae.evaluation.latent_usage import LatentUsage, latent_usage
from tfp_vae.evaluation.marginal_likelihood import MarginalLikelihood, log_marginal_likelihood
from tfp_vae.evaluation.out_of_distribution import OutOfDistribution, out_of_distribution
from tfp_vae.evaluation.posterior_predictive_check import (
    PredictiveCheck,
    posterior_predictive_check,
)
from tfp_vae.evaluation.ranking import Ranking, ranking
from tfp_vae.evaluation.rate_distortion import RateDistortion, rate_distortion
from tfp_vae.evaluation.reconstruction_error import ReconstructionError, reconstruction_error
from tfp_vae.evaluation.topics import Topics, topic_coherence, topics

__all__ = [
    "Baselines",
    "Calibration",
    "Clustering",
    "CodeUsage",
    "Comparison",
    "ConditionalLikelihood",
    "DataCopying",
    "Disentanglement",
    "ELBOSummary",
    "Generation",
    "GenerationScore",
    "InferenceGaps",
    "LatentUsage",
    "MarginalLikelihood",
    "OutOfDistribution",
    "PredictiveCheck",
    "Ranking",
    "RateDistortion",
    "ReconstructionError",
    "Topics",
    "UnsupervisedDisentanglementRanking",
    "baselines",
    "calibration",
    "clustering",
    "code_usage",
    "compare",
    "disentanglement",
    "elbo",
    "generation",
    "inference_gaps",
    "latent_usage",
    "log_conditional_likelihood",
    "log_marginal_likelihood",
    "out_of_distribution",
    "posterior_predictive_check",
    "ranking",
    "rate_distortion",
    "reconstruction_error",
    "topic_coherence",
    "topics",
    "unsupervised_disentanglement_ranking",
]
