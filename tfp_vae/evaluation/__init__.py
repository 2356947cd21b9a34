"""Evaluation: what a trained model is worth."""

from tfp_vae.evaluation.bound import ELBOSummary, elbo

__all__ = ["ELBOSummary", "elbo"]
