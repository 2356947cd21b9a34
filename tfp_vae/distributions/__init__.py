"""TensorFlow Probability's distributions, where their draws or their speed had to be our own."""

from tfp_vae.distributions.bernoulli import Bernoulli
from tfp_vae.distributions.multivariate_normal_diag import MultivariateNormalDiag

__all__ = ["Bernoulli", "MultivariateNormalDiag"]
