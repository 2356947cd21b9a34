"""What needs no optional package works without them, and the rest says what to install."""

import subprocess
import sys

import pytest

PROGRAM = """
import importlib
import sys
for name in ("hypothesis", "pandas", "scipy", "sklearn"):
    sys.modules[name] = None
import numpy as np
import tfp_vae
assert "tfp_vae.testing" not in sys.modules
x = np.array([[0, 1, 1], [1, 0, 1]])
print(tfp_vae.testing.check_elbo(tfp_vae.VAE.for_data(x, latent_size=2), x))
for name in ("strategies", "LinearGaussian", "Enumerable", "AggregatePosterior"):
    try:
        getattr(tfp_vae.testing, name)
    except ModuleNotFoundError as error:
        print(error)
for name in ("tables", "sklearn"):
    try:
        importlib.import_module("tfp_vae." + name)
    except ModuleNotFoundError as error:
        print(error)
"""


@pytest.mark.nightly
def test_check_elbo_runs_and_the_rest_says_what_to_install():
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert "0 failed" in run.stdout
    for name in ("strategies", "LinearGaussian", "Enumerable", "AggregatePosterior"):
        assert (
            f"`tfp_vae.testing.{name}` needs the extra `testing`: "
            'pip install "tfp-vae[testing]"' in run.stdout
        )
    assert 'Data frames need pandas: pip install "tfp-vae[tables]".\n' in run.stdout
    assert '`tfp_vae.sklearn` needs scikit-learn: pip install "tfp-vae[sklearn]".\n' in run.stdout
