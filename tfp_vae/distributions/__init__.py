"""Distributions whose draws or speed differ from TensorFlow Probability's, and flows."""

from tfp_vae.distributions.autoregressive_categorical import (
    AutoregressiveCategorical,
    StepNetwork,
)
from tfp_vae.distributions.bernoulli import Bernoulli
from tfp_vae.distributions.beta import Beta
from tfp_vae.distributions.categorical import Categorical
from tfp_vae.distributions.categorical_joint import CategoricalJoint, support_beside_rows
from tfp_vae.distributions.continuous_bernoulli import ContinuousBernoulli
from tfp_vae.distributions.counts import (
    NegativeBinomial,
    Poisson,
    ZeroInflatedNegativeBinomial,
)
from tfp_vae.distributions.deep_markov_chain import DeepMarkovChain
from tfp_vae.distributions.dirichlet_multinomial import DirichletMultinomial
from tfp_vae.distributions.discretized_logistic import DiscretizedLogistic
from tfp_vae.distributions.discretized_logistic_mixture import DiscretizedLogisticMixture
from tfp_vae.distributions.flow_bijectors import (
    ParameterFn,
    affine_coupling,
    masked_autoregressive,
    spline_coupling,
)
from tfp_vae.distributions.gamma import Gamma
from tfp_vae.distributions.gaussian_process import GaussianProcesses
from tfp_vae.distributions.hyperbolic_geometry import poincare_ball
from tfp_vae.distributions.hyperbolic_normal import HyperbolicNormal
from tfp_vae.distributions.inverse_autoregressive_flow import InverseAutoregressiveFlow
from tfp_vae.distributions.laplace import Laplace
from tfp_vae.distributions.latent_chain import LatentChain
from tfp_vae.distributions.linear_markov_chain import LinearMarkovChain
from tfp_vae.distributions.logistic_normal import LogisticNormal
from tfp_vae.distributions.markov_chain import OneHotMarkovChain
from tfp_vae.distributions.mixture_same_family import MixtureSameFamily
from tfp_vae.distributions.multinomial import Multinomial
from tfp_vae.distributions.multivariate_normal import (
    MultivariateNormalDiag,
    MultivariateNormalDiagPlusLowRank,
    MultivariateNormalTriL,
)
from tfp_vae.distributions.normal import Normal
from tfp_vae.distributions.normalizing_flow import NormalizingFlow
from tfp_vae.distributions.one_hot_autoregressive import OneHotAutoregressive
from tfp_vae.distributions.one_hot_categorical import OneHotCategorical, is_summable
from tfp_vae.distributions.planar_flow import PlanarFlow
from tfp_vae.distributions.power_spherical import PowerSpherical
from tfp_vae.distributions.precision_weighted import precision_weighted
from tfp_vae.distributions.product_of_columns import ProductOfColumns
from tfp_vae.distributions.radial_flow import RadialFlow
from tfp_vae.distributions.recurrence import Recurrence
from tfp_vae.distributions.recurrent_normal import RecurrentNormal
from tfp_vae.distributions.recurrent_series import RecurrentSeries
from tfp_vae.distributions.relaxed_one_hot_categorical import RelaxedOneHotCategorical
from tfp_vae.distributions.spherical_uniform import SphericalUniform, log_sphere_area
from tfp_vae.distributions.stratified_normal_mixture import StratifiedNormalMixture
from tfp_vae.distributions.student_t import StudentT
from tfp_vae.distributions.unbounded import is_unbounded
from tfp_vae.distributions.vector_quantized import (
    CodeVectors,
    VectorQuantized,
    code_grid,
    nearest_codes,
)
from tfp_vae.distributions.von_mises_fisher import VonMisesFisher

__all__ = [
    "AutoregressiveCategorical",
    "Bernoulli",
    "Beta",
    "Categorical",
    "CategoricalJoint",
    "CodeVectors",
    "ContinuousBernoulli",
    "DeepMarkovChain",
    "DirichletMultinomial",
    "DiscretizedLogistic",
    "DiscretizedLogisticMixture",
    "Gamma",
    "GaussianProcesses",
    "HyperbolicNormal",
    "InverseAutoregressiveFlow",
    "Laplace",
    "LatentChain",
    "LinearMarkovChain",
    "LogisticNormal",
    "MixtureSameFamily",
    "Multinomial",
    "MultivariateNormalDiag",
    "MultivariateNormalDiagPlusLowRank",
    "MultivariateNormalTriL",
    "NegativeBinomial",
    "Normal",
    "NormalizingFlow",
    "OneHotAutoregressive",
    "OneHotCategorical",
    "OneHotMarkovChain",
    "ParameterFn",
    "PlanarFlow",
    "Poisson",
    "PowerSpherical",
    "ProductOfColumns",
    "RadialFlow",
    "Recurrence",
    "RecurrentNormal",
    "RecurrentSeries",
    "RelaxedOneHotCategorical",
    "SphericalUniform",
    "StepNetwork",
    "StratifiedNormalMixture",
    "StudentT",
    "VectorQuantized",
    "VonMisesFisher",
    "ZeroInflatedNegativeBinomial",
    "affine_coupling",
    "code_grid",
    "log_sphere_area",
    "masked_autoregressive",
    "is_summable",
    "is_unbounded",
    "nearest_codes",
    "spline_coupling",
    "poincare_ball",
    "precision_weighted",
    "support_beside_rows",
]
