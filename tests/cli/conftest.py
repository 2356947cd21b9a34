import pytest
import tensorflow as tf

from tfp_vae_cli.actions import progress

# TensorFlow reports a missing GPU on standard error when it first lists the devices.
tf.config.list_physical_devices()


@pytest.fixture(autouse=True)
def endless_patience(monkeypatch):
    """Says nothing of what takes long, which on a slow machine may be anything."""
    monkeypatch.setattr(progress, "PATIENCE", 1e5)
