"""Likelihoods p(x|z): from a decoder's features to a distribution over the data."""

from tfp_vae.likelihoods.base import Likelihood
from tfp_vae.likelihoods.bernoulli import Bernoulli
from tfp_vae.likelihoods.by_name import for_values, get
from tfp_vae.likelihoods.categorical import Categorical
from tfp_vae.likelihoods.continuous_bernoulli import ContinuousBernoulli
from tfp_vae.likelihoods.laplace import Laplace
from tfp_vae.likelihoods.normal import Normal
from tfp_vae.likelihoods.student_t import StudentT
from tfp_vae.likelihoods.suggest import Suggestion, suggest

__all__ = [
    "Bernoulli",
    "Categorical",
    "ContinuousBernoulli",
    "Laplace",
    "Likelihood",
    "Normal",
    "StudentT",
    "Suggestion",
    "for_values",
    "get",
    "suggest",
]
