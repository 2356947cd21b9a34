"""The commands: their options, and the checks of arguments that need no TensorFlow."""

from tfp_vae_cli.commands.audit import audit
from tfp_vae_cli.commands.evaluate import evaluate
from tfp_vae_cli.commands.impute import impute
from tfp_vae_cli.commands.sample import sample
from tfp_vae_cli.commands.score import score
from tfp_vae_cli.commands.train import train

__all__ = ["audit", "evaluate", "impute", "sample", "score", "train"]
