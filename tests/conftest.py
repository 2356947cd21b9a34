import gc
import os

import pytest
from hypothesis import HealthCheck, Phase, settings

PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "ci")
if PROFILE == "ci":
    # Most tests compile more than they compute. Read by XLA at its first use.
    os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")
# Tests read what a command writes to standard error, where TensorFlow writes its log.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
if "PYTEST_XDIST_WORKER" in os.environ:
    # There is a process for every core already.
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")

# Assertions of shared checks show their values, as those of the tests do.
pytest.register_assert_rewrite("tests.support")

# Before TensorFlow Probability, which it imports without its deprecation warnings.
import tfp_vae  # noqa: E402, F401

import keras  # noqa: E402 # isort: skip


_COMMON = {
    "deadline": None,
    "suppress_health_check": [
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        # The fixtures here set Keras's global state, which examples read and do not change.
        HealthCheck.function_scoped_fixture,
    ],
}
# Shrinking makes hundreds of models before it reports; a derandomised failure repeats anyway.
_WITHOUT_SHRINKING = [Phase.explicit, Phase.reuse, Phase.generate]
settings.register_profile(
    "ci", derandomize=True, max_examples=20, phases=_WITHOUT_SHRINKING, **_COMMON
)
settings.register_profile("nightly", max_examples=200, **_COMMON)
settings.load_profile(PROFILE)


@pytest.fixture(autouse=True)
def keras_as_it_was():
    """Starts every test from the same random state, and restores Keras's dtype policy after it."""
    policy = keras.config.dtype_policy()
    keras.utils.set_random_seed(0)
    yield
    keras.config.set_dtype_policy(policy)


@pytest.fixture(scope="module")
def without_xla():
    """Leaves XLA out where `compile` would choose it: compiling costs more than a few epochs.

    The same weights with it and without are tested in tests/training/test_xla.py.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tfp_vae.training.trainer.suits_xla", lambda layers: False)
        yield


@pytest.fixture
def float64():
    """Makes Keras layers of float64, so that a property can be asked for to many digits."""
    keras.config.set_dtype_policy("float64")


def pytest_addoption(parser):
    parser.addoption("--nightly", action="store_true", help="also run the tests marked `nightly`")


def pytest_collection_finish():
    # What is imported stays: a collection of garbage need not go through it again.
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(config, items):
    if config.getoption("--nightly"):
        return
    skip = pytest.mark.skip(reason="a long test: run it with --nightly")
    for item in items:
        if "nightly" in item.keywords:
            item.add_marker(skip)
