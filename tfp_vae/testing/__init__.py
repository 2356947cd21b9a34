"""Assertions for a user's own test suite."""

from tfp_vae.testing.elbo_check import check_elbo
from tfp_vae.testing.elbo_report import ELBOReport, PropertyResult
from tfp_vae.testing.losses import assert_loss_is_negative_elbo

__all__ = ["ELBOReport", "PropertyResult", "assert_loss_is_negative_elbo", "check_elbo"]
