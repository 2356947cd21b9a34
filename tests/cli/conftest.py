import subprocess

import pytest
import tensorflow as tf

from tfp_vae_cli import app
from tfp_vae_cli.actions import progress

# TensorFlow reports a missing GPU on standard error when it first lists the devices.
tf.config.list_physical_devices()


@pytest.fixture(autouse=True)
def endless_patience(monkeypatch):
    """Says nothing of what takes long, which on a slow machine may be anything."""
    monkeypatch.setattr(progress, "PATIENCE", 1e5)


@pytest.fixture
def run_here(capfd, monkeypatch):
    """Runs a command within this process, in the folder `cwd`."""

    def run_within_this_process(*arguments, cwd):
        monkeypatch.chdir(cwd)
        capfd.readouterr()
        code = app.run([*map(str, arguments)])
        return subprocess.CompletedProcess(arguments, code, *capfd.readouterr())

    return run_within_this_process
