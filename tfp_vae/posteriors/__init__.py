"""Posteriors q(z|x): layers from an encoder's features to a distribution of the latents."""

from tfp_vae.posteriors.base import Posterior
from tfp_vae.posteriors.beta import Beta
from tfp_vae.posteriors.categorical import Categorical
from tfp_vae.posteriors.categorical_joint import CategoricalJoint
from tfp_vae.posteriors.gamma import Gamma
from tfp_vae.posteriors.hyperbolic_normal import HyperbolicNormal
from tfp_vae.posteriors.inverse_autoregressive_flow import InverseAutoregressiveFlow
from tfp_vae.posteriors.linear_markov_chain import LinearMarkovChain
from tfp_vae.posteriors.logistic_normal import LogisticNormal
from tfp_vae.posteriors.multivariate_normal_diag import MultivariateNormalDiag
from tfp_vae.posteriors.multivariate_normal_low_rank import MultivariateNormalDiagPlusLowRank
from tfp_vae.posteriors.multivariate_normal_tril import MultivariateNormalTriL
from tfp_vae.posteriors.planar_flow import PlanarFlow
from tfp_vae.posteriors.power_spherical import PowerSpherical
from tfp_vae.posteriors.radial_flow import RadialFlow
from tfp_vae.posteriors.relaxed_one_hot_categorical import RelaxedOneHotCategorical
from tfp_vae.posteriors.spatial_normal import SpatialNormal
from tfp_vae.posteriors.vector_quantized import VectorQuantized
from tfp_vae.posteriors.von_mises_fisher import VonMisesFisher

__all__ = [
    "Beta",
    "Categorical",
    "CategoricalJoint",
    "Gamma",
    "HyperbolicNormal",
    "InverseAutoregressiveFlow",
    "LinearMarkovChain",
    "LogisticNormal",
    "MultivariateNormalDiag",
    "MultivariateNormalDiagPlusLowRank",
    "MultivariateNormalTriL",
    "PlanarFlow",
    "Posterior",
    "PowerSpherical",
    "RadialFlow",
    "RelaxedOneHotCategorical",
    "SpatialNormal",
    "VectorQuantized",
    "VonMisesFisher",
]
