import os

import pytest
from hypothesis import HealthCheck, settings

import tfp_vae  # noqa: F401 - first, for it imports TensorFlow Probability without its warnings

_COMMON = {
    "deadline": None,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large],
}
settings.register_profile("ci", derandomize=True, max_examples=20, **_COMMON)
settings.register_profile("nightly", max_examples=200, **_COMMON)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


def pytest_addoption(parser):
    parser.addoption("--nightly", action="store_true", help="also run the tests marked `nightly`")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--nightly"):
        return
    skip = pytest.mark.skip(reason="a long test: run it with --nightly")
    for item in items:
        if "nightly" in item.keywords:
            item.add_marker(skip)
