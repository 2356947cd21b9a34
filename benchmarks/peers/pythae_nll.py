"""pythae: `get_nll`, its estimate of log p(x) by importance sampling, with given weights."""

import argparse
import json
import time

import numpy as np
import torch

from benchmarks.peers import architecture, pythae_model, torch_modules


def main() -> None:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--data", required=True, help="an .npz of x and arr_0, arr_1, ... weights")
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--importance-samples", type=int, default=5000)
    arguments = parser.parse_args()
    torch_modules.begin(0)
    with np.load(arguments.data) as arrays:
        x = torch.from_numpy(arrays["x"][: arguments.rows].astype(np.float32))
        count = 2 * len(architecture.LAYERS)
        weights = architecture.as_weights([arrays[f"arr_{index}"] for index in range(count)])
    vae = pythae_model.model(x.shape[1])
    layers = dict(vae.encoder.network.named_children())
    layers |= dict(vae.decoder.network.named_children())
    with torch.no_grad():
        for name, (kernel, bias) in weights.items():
            layers[name].weight.copy_(torch.from_numpy(kernel.T))
            layers[name].bias.copy_(torch.from_numpy(bias))
        vae.eval()
        begun = time.perf_counter()
        estimate = vae.get_nll(x, n_samples=arguments.importance_samples)
        seconds = time.perf_counter() - begun
    print(json.dumps({"rows_per_second": len(x) / seconds, "mean_estimate": float(estimate)}))


if __name__ == "__main__":
    main()
