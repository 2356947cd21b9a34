"""Callbacks for training: what a run needs beside the steps."""

from tfp_vae.training.checkpoint import Checkpoint
from tfp_vae.training.collapse_alarm import CollapseAlarm
from tfp_vae.training.early_stopping import EarlyStopping
from tfp_vae.training.non_finite_alarm import NonFiniteAlarm
from tfp_vae.training.save_on_termination import SaveOnTermination
from tfp_vae.training.tensorboard import TensorBoardPictures

__all__ = [
    "Checkpoint",
    "CollapseAlarm",
    "EarlyStopping",
    "NonFiniteAlarm",
    "SaveOnTermination",
    "TensorBoardPictures",
]
