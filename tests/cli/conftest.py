import pytest

from tfp_vae.cli import progress


@pytest.fixture(autouse=True)
def endless_patience(monkeypatch):
    """Says nothing of what takes long, which on a slow machine may be anything."""
    monkeypatch.setattr(progress, "PATIENCE", 1e5)
