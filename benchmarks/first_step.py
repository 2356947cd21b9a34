"""Prints the seconds that `vae.fit` takes for one batch, nearly all of it tracing and compiling."""

import time

import numpy as np

from benchmarks.peers.tfp_vae_fit import model

if __name__ == "__main__":
    x = np.random.default_rng(0).integers(0, 2, [100, 784]).astype(np.float32)
    vae = model(784)
    vae.compile("adam")
    begun = time.perf_counter()
    vae.fit(x, batch_size=100, epochs=1, verbose=0)
    print(time.perf_counter() - begun)
