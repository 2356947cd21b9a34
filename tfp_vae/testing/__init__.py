"""Assertions for a user's own test suite."""

from tfp_vae.testing.losses import assert_loss_is_negative_elbo

__all__ = ["assert_loss_is_negative_elbo"]
