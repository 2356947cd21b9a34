"""Trains for an epoch on the files of a folder, and prints the rows seen and its peak of memory.

The peak is that of the resident set, in kilobytes, as Linux tells it of this process alone.
"""

import re
import sys
from pathlib import Path

import tfp_vae
from tfp_vae import datasets, likelihoods, networks, posteriors

BATCH_SIZE = 500

if __name__ == "__main__":
    dataset = datasets.from_files(sys.argv[1], batch_size=BATCH_SIZE)
    vae = tfp_vae.VAE(
        tfp_vae.Encoder(networks.mlp([16]), posteriors.MultivariateNormalDiag(4)),
        tfp_vae.Decoder(networks.mlp([16]), likelihoods.Normal(dataset.element_spec.shape[1:])),
    )
    vae.compile(jit_compile=False)
    vae.fit(dataset, verbose=0)
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[1]
    sys.stdout.write(f"{int(vae.term_trackers['elbo'].count)} {peak}\n")
