"""Models that were saved by an earlier version of the package still load, with the same bound.

Each file was saved after two epochs of training, compiled with Adam: on an array, on a dataset, on
IWAE, with two layers of latents, with a condition and missing values, and on two replicas. Keras
before 3.13 does not read them, since they name options that its layers lack.
"""

from pathlib import Path

import keras
import numpy as np
import pytest

import tfp_vae

FILES = Path(__file__).parent / "files"
KNOWN = np.load(FILES / "elbo.npz")
ROWS = {
    "elbo_arrays": "binary",
    "dataset": "real",
    "iwae": "binary",
    "two_layers": "binary",
    "conditional_missing": "missing",
    "replicas": "binary",
}


READS_THEM = tuple(map(int, keras.__version__.split(".")[:2])) >= (3, 13)


@pytest.mark.skipif(not READS_THEM, reason="the files were saved with a later Keras")
@pytest.mark.parametrize("load", [tfp_vae.load, keras.models.load_model])
@pytest.mark.parametrize("name", ROWS)
def test_it_loads_with_the_same_bound_and_trains_on(name, load):
    vae = load(FILES / f"{name}.keras")
    x, y = KNOWN[ROWS[name]], KNOWN["classes"] if vae.conditional else None
    expected = KNOWN[f"elbo_{name}"]
    np.testing.assert_allclose(vae.elbo(x, seed=3, condition=y).elbo, expected, rtol=1e-4)
    steps = int(vae.optimizer.iterations)
    assert steps > 0
    vae.compile(vae.optimizer, run_eagerly=True)
    vae.fit(x, y, batch_size=10, verbose=0)
    assert int(vae.optimizer.iterations) == steps + 3


@pytest.mark.skipif(READS_THEM, reason="this Keras reads the files")
def test_an_older_keras_is_named():
    with pytest.raises(ValueError, match=r"saved with Keras 3\.15\.1, newer than 3\."):
        tfp_vae.load(FILES / "dataset.keras")
