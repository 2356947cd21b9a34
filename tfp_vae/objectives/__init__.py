"""Objectives: functions of distributions that training maximises."""

from tfp_vae.objectives.base import Objective
from tfp_vae.objectives.beta_tcvae import BetaTCVAE
from tfp_vae.objectives.capacity_elbo import CapacityELBO
from tfp_vae.objectives.ciwae import CIWAE
from tfp_vae.objectives.control_vae import ControlVAE
from tfp_vae.objectives.dip_vae import DIPVAE
from tfp_vae.objectives.elbo import ELBO
from tfp_vae.objectives.factor_vae import FactorVAE
from tfp_vae.objectives.hamiltonian_elbo import HamiltonianELBO
from tfp_vae.objectives.info_vae import InfoVAE
from tfp_vae.objectives.iwae import IWAE
from tfp_vae.objectives.likelihood_fn import LikelihoodFn
from tfp_vae.objectives.piwae import PIWAE
from tfp_vae.objectives.renyi import Renyi
from tfp_vae.objectives.schedules import LinearWarmUp, Schedule
from tfp_vae.objectives.terms import ELBOTerms, ObjectiveTerms

__all__ = [
    "BetaTCVAE",
    "CIWAE",
    "CapacityELBO",
    "ControlVAE",
    "DIPVAE",
    "ELBO",
    "ELBOTerms",
    "FactorVAE",
    "HamiltonianELBO",
    "IWAE",
    "InfoVAE",
    "LikelihoodFn",
    "LinearWarmUp",
    "Objective",
    "ObjectiveTerms",
    "PIWAE",
    "Renyi",
    "Schedule",
]
