"""Fits and evaluates a model many times, and prints memory and traces after every time as JSON.

Takes how many times, and how many bytes to hold on to each time: a leak, to see that it shows.
"""

import gc
import json
import re
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

import tfp_vae
from tfp_vae import evaluation, likelihoods, networks, posteriors

ROWS = 230


def resident_kilobytes():
    return int(re.search(r"VmRSS:\s+(\d+) kB", Path("/proc/self/status").read_text())[1])


def traces(vae):
    trainer = vae.trainer
    array, batches = trainer._array_loop, trainer._batch_loop
    holders = {
        "compiled training": [array._train, array._train._unguarded],
        "compiled evaluation": [array._test],
        "batch by batch": [batches, trainer._step],
    }
    functions = {
        **{
            name: [each for holder in several for each in vars(holder).values()]
            for name, several in holders.items()
        },
        "prediction": list(trainer._compiled_steps.values()),
        "importance sampling": list(vae._compiled_functions.values()),
    }
    counts = {}
    for name, several in functions.items():
        counted = [each for each in several if hasattr(each, "experimental_get_tracing_count")]
        assert counted, f"no function to count the traces of under {name!r}"
        counts[name] = sum(each.experimental_get_tracing_count() for each in counted)
    return counts


def once(vae, x, batches):
    history = vae.fit(x, epochs=2, batch_size=50, validation_data=x[:60], verbose=0)
    vae.fit(batches, verbose=0)
    vae.evaluate(x, verbose=0)
    vae.evaluate(batches, verbose=0)
    vae.predict(x[:64], verbose=0)
    evaluation.elbo(vae, x)
    evaluation.log_marginal_likelihood(vae, x[:40], importance_sample_size=100)
    return history.history["loss"][-1]


if __name__ == "__main__":
    times, leak = map(int, sys.argv[1:])
    x = np.random.default_rng(0).integers(0, 2, [ROWS, 12]).astype("float32")
    batches = tf.data.Dataset.from_tensor_slices(x).batch(46)
    vae = tfp_vae.VAE(
        tfp_vae.Encoder(networks.mlp([16]), posteriors.MultivariateNormalDiag(2)),
        tfp_vae.Decoder(networks.mlp([16]), likelihoods.Bernoulli([12])),
    )
    vae.compile()
    held = []
    told = {"kilobytes": [], "traces": []}
    for _ in range(times):
        loss = once(vae, x, batches)
        assert np.isfinite(loss)
        held.append(np.ones(leak, np.uint8))
        gc.collect()
        told["kilobytes"].append(resident_kilobytes())
        told["traces"].append(traces(vae))
    sys.stdout.write(json.dumps(told))
