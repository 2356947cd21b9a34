"""Objectives: functions of distributions that training maximises."""

from tfp_vae.objectives.base import Objective
from tfp_vae.objectives.beta_tcvae import BetaTCVAE
from tfp_vae.objectives.elbo import ELBO
from tfp_vae.objectives.info_vae import InfoVAE
from tfp_vae.objectives.iwae import IWAE
from tfp_vae.objectives.likelihood_fn import LikelihoodFn
from tfp_vae.objectives.schedules import LinearWarmUp, Schedule
from tfp_vae.objectives.terms import ELBOTerms, ObjectiveTerms

__all__ = [
    "BetaTCVAE",
    "ELBO",
    "ELBOTerms",
    "IWAE",
    "InfoVAE",
    "LikelihoodFn",
    "LinearWarmUp",
    "Objective",
    "ObjectiveTerms",
    "Schedule",
]
