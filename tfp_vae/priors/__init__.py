"""Priors p(z) or p(z|y) over the latents."""

from tfp_vae.priors.base import Prior
from tfp_vae.priors.beta import Beta
from tfp_vae.priors.categorical import Categorical
from tfp_vae.priors.categorical_joint import CategoricalJoint
from tfp_vae.priors.conditional_normal import ConditionalNormal
from tfp_vae.priors.deep_markov_chain import DeepMarkovChain
from tfp_vae.priors.gamma import Gamma
from tfp_vae.priors.gaussian_process import GaussianProcess
from tfp_vae.priors.linear_markov_chain import LinearMarkovChain
from tfp_vae.priors.logistic_normal import LogisticNormal
from tfp_vae.priors.masked_autoregressive_flow import MaskedAutoregressiveFlow
from tfp_vae.priors.mixture_of_gaussians import MixtureOfGaussians
from tfp_vae.priors.neural_spline_flow import NeuralSplineFlow
from tfp_vae.priors.normal import Normal
from tfp_vae.priors.process import Process
from tfp_vae.priors.real_nvp import RealNVP
from tfp_vae.priors.relaxed_one_hot_categorical import RelaxedOneHotCategorical
from tfp_vae.priors.spherical_uniform import SphericalUniform
from tfp_vae.priors.standard_normal import StandardNormal
from tfp_vae.priors.vamp_prior import VampPrior
from tfp_vae.priors.vector_quantized import VectorQuantized

__all__ = [
    "Beta",
    "Categorical",
    "CategoricalJoint",
    "ConditionalNormal",
    "DeepMarkovChain",
    "Gamma",
    "GaussianProcess",
    "LinearMarkovChain",
    "LogisticNormal",
    "MaskedAutoregressiveFlow",
    "MixtureOfGaussians",
    "NeuralSplineFlow",
    "Normal",
    "Prior",
    "Process",
    "RealNVP",
    "RelaxedOneHotCategorical",
    "SphericalUniform",
    "StandardNormal",
    "VampPrior",
    "VectorQuantized",
]
