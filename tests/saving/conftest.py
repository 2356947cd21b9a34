"""A saved model, which tests alter."""

import pytest

from tests.support import untrusted_models


@pytest.fixture(scope="session")
def original(tmp_path_factory):
    return untrusted_models.saved(tmp_path_factory.mktemp("original")).read_bytes()


@pytest.fixture
def path(tmp_path, original):
    path = tmp_path / "vae.keras"
    path.write_bytes(original)
    return path
