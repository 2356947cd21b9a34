"""Prints the seconds of one epoch, or of one evaluation, and the process's peak memory."""

import argparse
import json
import resource
import sys
import time

import numpy as np

from benchmarks.peers.tfp_vae_fit import model

EVENT_SIZE, BATCH_SIZE = 784, 100


def main() -> None:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--width", type=int, required=True)
    parser.add_argument("--latent-size", type=int, required=True)
    parser.add_argument("--importance-samples", type=int, default=0)
    arguments = parser.parse_args()
    shape = [arguments.rows, EVENT_SIZE]
    x = np.random.default_rng(0).integers(0, 2, shape, dtype=np.uint8).astype(np.float32)
    vae = model(EVENT_SIZE, arguments.width, arguments.latent_size)

    def work() -> None:
        if arguments.importance_samples:
            from tfp_vae import evaluation

            size = arguments.importance_samples
            result = evaluation.log_marginal_likelihood(vae, x, importance_sample_size=size, seed=0)
            np.asarray(result.estimate)
        else:
            vae.fit(x, batch_size=BATCH_SIZE, epochs=1, verbose=0)

    vae.compile("adam")
    work()
    begun = time.perf_counter()
    work()
    seconds = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    megabytes = peak / (2**20 if sys.platform == "darwin" else 2**10)
    print(json.dumps({"seconds": seconds, "megabytes": megabytes}))


if __name__ == "__main__":
    main()
