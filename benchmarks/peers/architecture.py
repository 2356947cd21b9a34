"""The model that every peer trains, and the evaluation that compares them.

x [D] - 200 - 200 - 50 latents - 200 - 200 - D Bernoulli logits; tanh after every hidden layer; the
scale of the posterior is the softplus of the network's output. Needs NumPy alone, so that every
peer's environment can import it.
"""

from collections.abc import Sequence

import numpy as np

HIDDEN = 200
LATENT_SIZE = 50
LEARNING_RATE = 1e-3
LAYERS = ("encoder_1", "encoder_2", "loc", "scale", "decoder_1", "decoder_2", "logits")

Weights = dict[str, tuple[np.ndarray, np.ndarray]]
"""For each of `LAYERS` a kernel `[in, out]` and a bias `[out]`."""


def layer_shapes(event_size: int) -> dict[str, tuple[int, int]]:
    """Returns the kernel's shape for each of `LAYERS`."""
    return {
        "encoder_1": (event_size, HIDDEN),
        "encoder_2": (HIDDEN, HIDDEN),
        "loc": (HIDDEN, LATENT_SIZE),
        "scale": (HIDDEN, LATENT_SIZE),
        "decoder_1": (LATENT_SIZE, HIDDEN),
        "decoder_2": (HIDDEN, HIDDEN),
        "logits": (HIDDEN, event_size),
    }


def as_weights(arrays: Sequence[np.ndarray]) -> Weights:
    """Pairs kernels `[in, out]` and biases, in the order of `LAYERS`."""
    pairs = zip(arrays[::2], arrays[1::2], strict=True)
    return {
        name: (np.asarray(kernel), np.asarray(bias))
        for name, (kernel, bias) in zip(LAYERS, pairs, strict=True)
    }


def negative_elbo(weights: Weights, x: np.ndarray, seed: int = 0) -> float:
    """Returns the mean over rows of -(log p(x|z) - KL) in nats: one draw a row, the exact KL."""
    for name, shape in layer_shapes(x.shape[1]).items():
        kernel, bias = weights[name]
        if kernel.shape != shape or bias.shape != shape[1:]:
            raise ValueError(f"`{name}` must be {shape} with a bias; got {kernel.shape}.")
    x = x.astype(np.float64)

    def dense(name: str, features: np.ndarray) -> np.ndarray:
        kernel, bias = weights[name]
        return features @ kernel.astype(np.float64) + bias

    features = np.tanh(dense("encoder_2", np.tanh(dense("encoder_1", x))))
    loc, scale = dense("loc", features), np.logaddexp(0.0, dense("scale", features)) + 1e-6
    z = loc + scale * np.random.default_rng(seed).standard_normal(loc.shape)
    logits = dense("logits", np.tanh(dense("decoder_2", np.tanh(dense("decoder_1", z)))))
    log_likelihood = np.sum(x * logits - np.logaddexp(0.0, logits), axis=1)
    kl_divergence = 0.5 * np.sum(loc**2 + scale**2 - 1.0 - 2.0 * np.log(scale), axis=1)
    return float(-np.mean(log_likelihood - kl_divergence))
