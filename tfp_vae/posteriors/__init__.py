"""Posteriors q(z|x): from an encoder's features to a distribution over the latents."""

from tfp_vae.posteriors.base import Posterior
from tfp_vae.posteriors.inverse_autoregressive_flow import InverseAutoregressiveFlow
from tfp_vae.posteriors.multivariate_normal_diag import MultivariateNormalDiag

__all__ = ["InverseAutoregressiveFlow", "MultivariateNormalDiag", "Posterior"]
