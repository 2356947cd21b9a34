"""Diagnosis of a non-finite loss or gradient."""

from tfp_vae.training.nonfinite.diagnose import skip_or_raise

__all__ = ["skip_or_raise"]
