"""Keras callbacks: early stopping, checkpoints, audits, warnings, starts and TensorBoard images."""

from tfp_vae.callbacks.checkpoint import Checkpoint
from tfp_vae.callbacks.convergence import Convergence
from tfp_vae.callbacks.early_stopping import EarlyStopping
from tfp_vae.callbacks.loss_audit import LossAudit
from tfp_vae.callbacks.mixture_initialization import MixtureInitialization
from tfp_vae.callbacks.posterior_collapse_warning import PosteriorCollapseWarning
from tfp_vae.callbacks.save_on_termination import SaveOnTermination
from tfp_vae.callbacks.tensorboard_images import TensorBoardImages
from tfp_vae.callbacks.terminate_on_non_finite import TerminateOnNonFinite

__all__ = [
    "Checkpoint",
    "Convergence",
    "EarlyStopping",
    "LossAudit",
    "MixtureInitialization",
    "PosteriorCollapseWarning",
    "SaveOnTermination",
    "TensorBoardImages",
    "TerminateOnNonFinite",
]
