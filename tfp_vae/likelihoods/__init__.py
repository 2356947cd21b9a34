"""Likelihoods p(x|z): from a decoder's features to a distribution over the data."""

from tfp_vae.likelihoods.base import Likelihood
from tfp_vae.likelihoods.bernoulli import Bernoulli
from tfp_vae.likelihoods.by_name import get
from tfp_vae.likelihoods.continuous_bernoulli import ContinuousBernoulli
from tfp_vae.likelihoods.laplace import Laplace
from tfp_vae.likelihoods.normal import Normal
from tfp_vae.likelihoods.suggest import Suggestion, suggest

__all__ = [
    "Bernoulli",
    "ContinuousBernoulli",
    "Laplace",
    "Likelihood",
    "Normal",
    "Suggestion",
    "get",
    "suggest",
]
