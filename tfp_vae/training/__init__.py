"""Callbacks for training: what a run needs beside the steps."""

from tfp_vae.training.checkpoint import Checkpoint

__all__ = ["Checkpoint"]
