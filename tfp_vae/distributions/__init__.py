"""TensorFlow Probability's distributions with draws that do not depend on how TensorFlow runs."""

from tfp_vae.distributions.mixture_same_family import MixtureSameFamily
from tfp_vae.distributions.multivariate_normal import (
    MultivariateNormalDiag,
    MultivariateNormalDiagPlusLowRank,
    MultivariateNormalTriL,
)
from tfp_vae.distributions.power_spherical import PowerSpherical
from tfp_vae.distributions.spherical_uniform import SphericalUniform

__all__ = [
    "MixtureSameFamily",
    "MultivariateNormalDiag",
    "MultivariateNormalDiagPlusLowRank",
    "MultivariateNormalTriL",
    "PowerSpherical",
    "SphericalUniform",
]
