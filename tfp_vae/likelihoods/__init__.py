"""Likelihoods p(x|z): layers from a decoder's features to a distribution of the data."""

from tfp_vae.likelihoods.autoregressive_categorical import AutoregressiveCategorical
from tfp_vae.likelihoods.base import Likelihood
from tfp_vae.likelihoods.bernoulli import Bernoulli
from tfp_vae.likelihoods.candidates import Candidate, candidates
from tfp_vae.likelihoods.categorical import Categorical
from tfp_vae.likelihoods.column_choice import suggest_columns
from tfp_vae.likelihoods.continuous_bernoulli import ContinuousBernoulli
from tfp_vae.likelihoods.dirichlet_multinomial import DirichletMultinomial
from tfp_vae.likelihoods.discretized_logistic import DiscretizedLogistic
from tfp_vae.likelihoods.discretized_logistic_mixture import DiscretizedLogisticMixture
from tfp_vae.likelihoods.exposures import KnownExposure
from tfp_vae.likelihoods.gamma import Gamma
from tfp_vae.likelihoods.laplace import Laplace
from tfp_vae.likelihoods.marginal_distribution import (
    marginal_distribution,
    marginal_distribution_fn,
)
from tfp_vae.likelihoods.multinomial import Multinomial
from tfp_vae.likelihoods.negative_binomial import NegativeBinomial
from tfp_vae.likelihoods.normal import Normal
from tfp_vae.likelihoods.offsets import Known
from tfp_vae.likelihoods.poisson import Poisson
from tfp_vae.likelihoods.product import Product
from tfp_vae.likelihoods.registry import for_values, get
from tfp_vae.likelihoods.row_totals import KnownTotals
from tfp_vae.likelihoods.student_t import StudentT
from tfp_vae.likelihoods.suggest import Evidence, Suggestion, suggest
from tfp_vae.likelihoods.zero_inflated_negative_binomial import ZeroInflatedNegativeBinomial

__all__ = [
    "AutoregressiveCategorical",
    "Bernoulli",
    "Candidate",
    "Categorical",
    "ContinuousBernoulli",
    "DirichletMultinomial",
    "DiscretizedLogistic",
    "DiscretizedLogisticMixture",
    "Evidence",
    "Gamma",
    "Known",
    "KnownExposure",
    "KnownTotals",
    "Laplace",
    "Likelihood",
    "Multinomial",
    "NegativeBinomial",
    "Normal",
    "Poisson",
    "Product",
    "StudentT",
    "Suggestion",
    "ZeroInflatedNegativeBinomial",
    "candidates",
    "for_values",
    "get",
    "marginal_distribution",
    "marginal_distribution_fn",
    "suggest",
    "suggest_columns",
]
