"""Normalizing flows in NumPy: what their steps do to noise, one latent after another."""

import numpy as np
from scipy import stats


def bounded(log_scale):
    return 5.0 * np.tanh(log_scale / 5.0)


def masked_autoregressive_forward(prior, u):
    """Takes noise to latents, one latent after another: x_i = u_i exp(a_i) + m_i."""
    for index, network in enumerate(prior.networks):
        size = u.shape[-1]
        x = np.zeros_like(u)
        for i in range(size) if index % 2 == 0 else reversed(range(size)):
            # Of the latents that are not there yet the network is told nonsense.
            told = np.where(x == 0.0, 1e3, x)
            shift, log_scale = np.moveaxis(network(told).numpy(), -1, 0)
            x[..., i] = u[..., i] * np.exp(bounded(log_scale[..., i])) + shift[..., i]
        u = x
    return u


def coupling_forward(prior, u):
    """Takes noise to latents, half by half; the networks are those of the weights, by NumPy."""
    size = u.shape[-1]
    first, second = np.arange(size // 2), np.arange(size // 2, size)
    for index, network in enumerate(prior.networks):
        stay, move = (first, second) if index % 2 == 0 else (second, first)
        *hidden, kernel, bias = network.get_weights()
        features = u[..., stay]
        for layer in range(0, len(hidden), 2):
            features = np.tanh(features @ hidden[layer] + hidden[layer + 1])
        outputs = (features @ kernel + bias).reshape([*u.shape[:-1], len(move), 2])
        x = u.copy()
        x[..., move] = u[..., move] * np.exp(bounded(outputs[..., 1])) + outputs[..., 0]
        u = x
    return u


def inverse_autoregressive_forward(posterior, loc, scale, context, noise):
    """Takes noise to latents by equations 10, 13 and 14 of Kingma et al. (2016).

    Returns the latents, and log q of them by equation 11.
    """
    z = loc + scale * noise
    log_scale = np.log(scale)
    for network in posterior.networks:
        mean, gate = np.moveaxis(network(z, context).numpy(), -1, 0)
        gate = 1.0 / (1.0 + np.exp(-(bounded(gate) + posterior.gate_bias)))
        z = gate * z + (1.0 - gate) * mean
        log_scale = log_scale + np.log(gate)
    return z, (stats.norm.logpdf(noise) - log_scale).sum(axis=-1)


def grid(lower, upper, count=401):
    """Returns the points of a grid in the plane, `[count**2, 2]`, and the area of each."""
    axis = np.linspace(lower, upper, count)
    points = np.stack(np.meshgrid(axis, axis), axis=-1).reshape([-1, 2])
    return points, (axis[1] - axis[0]) ** 2
