"""Normalizing flows in NumPy, from noise to latents one at a time, as the papers write them.

They share only the networks with the flows of this library; with `numerical_log_density` they are
the oracle of a flow's density.
"""

from collections.abc import Callable

import numpy as np
from scipy import special, stats

from tfp_vae.posteriors import InverseAutoregressiveFlow
from tfp_vae.priors import MaskedAutoregressiveFlow, NeuralSplineFlow, RealNVP

__all__ = [
    "coupling_forward",
    "inverse_autoregressive_forward",
    "masked_autoregressive_forward",
    "planar_forward",
    "radial_forward",
    "spline_coupling_forward",
]

BOUND = 5.0
"""The absolute bound of a log-scale in every step, which tanh approaches."""


def masked_autoregressive_forward(prior: MaskedAutoregressiveFlow, u: np.ndarray) -> np.ndarray:
    """Maps noise to latents, one at a time: z_i = u_i exp(a_i) + m_i.

    Args:
      prior: A built `priors.MaskedAutoregressiveFlow`, in float64.
      u: Standard normal noise, `[..., L]`.

    Returns:
      The latents, `[..., L]`.

    Source: Papamakarios et al. (2017), "Masked autoregressive flow for density estimation",
    equation 3.

    Example:
      >>> flow = priors.MaskedAutoregressiveFlow(steps=1, units=[4])
      >>> flow.build([2])
      >>> u = np.random.default_rng(0).normal(size=[3, 2])
      >>> z = tfp_vae.testing.flows.masked_autoregressive_forward(flow, u)
      >>> bool(np.allclose(z, u))  # the initial flow is the identity
      True
    """
    for index, network in enumerate(prior.networks):
        size = u.shape[-1]
        z = np.zeros_like(u)
        for i in range(size) if index % 2 == 0 else reversed(range(size)):
            # The network must ignore the latents that are not computed yet, whatever they are.
            partial = np.where(z == 0.0, 1e3, z)
            shift, log_scale = np.moveaxis(np.asarray(network(partial)), -1, 0)
            z[..., i] = u[..., i] * np.exp(_bounded(log_scale[..., i])) + shift[..., i]
        u = z
    return u


def coupling_forward(prior: RealNVP, u: np.ndarray) -> np.ndarray:
    """Maps noise to latents, one half at a time, with the networks computed by NumPy.

    Args:
      prior: A built `priors.RealNVP` whose networks have tanh layers, in float64.
      u: Standard normal noise, `[..., L]`.

    Returns:
      The latents, `[..., L]`.

    Source: Dinh et al. (2017), "Density estimation using Real NVP", equations 4 and 5.

    Example:
      >>> flow = priors.RealNVP(steps=2, units=[4])
      >>> flow.build([2])
      >>> u = np.random.default_rng(0).normal(size=[3, 2])
      >>> z = tfp_vae.testing.flows.coupling_forward(flow, u)
      >>> bool(np.allclose(z, u))  # the initial flow is the identity
      True
    """
    return _coupled(
        prior, u, lambda u, outputs: u * np.exp(_bounded(outputs[..., 1])) + outputs[..., 0]
    )


def spline_coupling_forward(prior: NeuralSplineFlow, u: np.ndarray) -> np.ndarray:
    """Maps noise to latents, one half at a time, by splines that are evaluated value by value.

    Args:
      prior: A built `priors.NeuralSplineFlow` whose networks have tanh layers, in float64.
      u: Standard normal noise, `[..., L]`.

    Returns:
      The latents, `[..., L]`.

    Source: Durkan et al. (2019), "Neural spline flows".

    Example:
      >>> flow = priors.NeuralSplineFlow(steps=2, units=[4])
      >>> flow.build([2])
      >>> u = np.random.default_rng(0).normal(size=[3, 2])
      >>> z = tfp_vae.testing.flows.spline_coupling_forward(flow, u)
      >>> bool(np.allclose(z, u))  # the initial flow is the identity
      True
    """
    bins, limit = prior.bins, prior.limit

    def bent(u: np.ndarray, outputs: np.ndarray) -> np.ndarray:
        z = u.copy()
        for index in np.ndindex(u.shape):
            if abs(u[index]) < limit:
                z[index] = _spline(float(u[index]), outputs[index], bins, limit)
        return z

    return _coupled(prior, u, bent)


def _spline(x: float, outputs: np.ndarray, bins: int, limit: float) -> float:
    """Returns the spline of a value: the quotient of two quadratic Bernstein polynomials.

    With weights 1, (d + d') / 2s and 1 it goes from knot to knot with the slopes d and d'.
    """
    widths, heights, slopes = np.split(outputs, [bins, 2 * bins])
    along, up = (
        np.concatenate([[-limit], -limit + 2 * limit * np.cumsum(special.softmax(np.tanh(sizes)))])
        for sizes in (widths, heights)
    )
    slopes = np.concatenate([[1.0], np.exp(2.0 * np.tanh(slopes / 2.0)), [1.0]])
    k = min(int(np.searchsorted(along, x, side="right")) - 1, bins - 1)
    t = (x - along[k]) / (along[k + 1] - along[k])
    secant = (up[k + 1] - up[k]) / (along[k + 1] - along[k])
    weight = (slopes[k] + slopes[k + 1]) / (2.0 * secant)
    middle = (slopes[k] * up[k + 1] + slopes[k + 1] * up[k]) / (slopes[k] + slopes[k + 1])
    parts = np.array([(1.0 - t) ** 2, 2.0 * t * (1.0 - t) * weight, t**2])
    return float(parts @ np.array([up[k], middle, up[k + 1]]) / parts.sum())


def _coupled(
    prior: RealNVP | NeuralSplineFlow,
    u: np.ndarray,
    move_by: Callable[[np.ndarray, np.ndarray], np.ndarray],
) -> np.ndarray:
    """Takes noise through couplings, whose networks have tanh layers."""
    size = u.shape[-1]
    first, second = np.arange(size // 2), np.arange(size // 2, size)
    for index, network in enumerate(prior.networks):
        stay, move = (first, second) if index % 2 == 0 else (second, first)
        *hidden, kernel, bias = network.get_weights()
        features = u[..., stay]
        for layer in range(0, len(hidden), 2):
            features = np.tanh(features @ hidden[layer] + hidden[layer + 1])
        outputs = (features @ kernel + bias).reshape([*u.shape[:-1], len(move), -1])
        z = u.copy()
        z[..., move] = move_by(u[..., move], outputs)
        u = z
    return u


def inverse_autoregressive_forward(
    posterior: InverseAutoregressiveFlow,
    loc: np.ndarray,
    scale: np.ndarray,
    context: np.ndarray,
    noise: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Maps noise to latents by gated steps, and returns their density too.

    Args:
      posterior: A built `posteriors.InverseAutoregressiveFlow`, in float64.
      loc: The initial mean from the encoder, `[B, L]`.
      scale: The initial standard deviation from the encoder, `[B, L]`.
      context: The context from the encoder for every step, `[B, C]`.
      noise: Standard normal noise, `[..., B, L]`.

    Returns:
      The latents, `[..., B, L]`, and their log q in nats, `[..., B]`.

    Source: Kingma et al. (2016), "Improved variational inference with inverse autoregressive flow",
    equations 10, 11, 13 and 14.

    Example:
      >>> flow = posteriors.InverseAutoregressiveFlow(2, steps=1, units=[4], context_size=3)
      >>> flow.build([None, 4])
      >>> loc, scale, noise = np.zeros([5, 2]), np.ones([5, 2]), np.ones([5, 2])
      >>> z, log_q = tfp_vae.testing.flows.inverse_autoregressive_forward(
      ...     flow, loc, scale, np.zeros([5, 3]), noise)
      >>> z.shape, log_q.shape
      ((5, 2), (5,))
    """
    z = loc + scale * noise
    log_scale = np.log(scale)
    for network in posterior.networks:
        mean, gate = np.moveaxis(np.asarray(network(z, context)), -1, 0)
        gate = special.expit(_bounded(gate) + posterior.gate_bias)
        z = gate * z + (1.0 - gate) * mean
        log_scale = log_scale + np.log(gate)
    return z, (stats.norm.logpdf(noise) - log_scale).sum(axis=-1)


def planar_forward(
    z: np.ndarray, shift: np.ndarray, direction: np.ndarray, offset: np.ndarray
) -> np.ndarray:
    """Maps latents by planar steps, z ← z + v tanh(wᵀz + b).

    Args:
      z: Latents, `[..., B, L]`.
      shift: u of every step, from which v comes, `[B, T, L]`.
      direction: w of every step, `[B, T, L]`.
      offset: b of every step, `[B, T]`.

    Returns:
      The latents, `[..., B, L]`.

    Source: Rezende & Mohamed (2015), "Variational inference with normalizing flows". There v is u
    plus a multiple of w; here it is u / (1 + softplus(-wᵀu)).

    Example:
      >>> steps = np.zeros([5, 3, 2])
      >>> z = tfp_vae.testing.flows.planar_forward(np.ones([5, 2]), steps, steps, np.zeros([5, 3]))
      >>> bool((z == 1.0).all())  # steps of zeros are the identity
      True
    """
    for step in range(offset.shape[-1]):
        u, w = shift[..., step, :], direction[..., step, :]
        along = (w * u).sum(axis=-1, keepdims=True)
        place = (w * z).sum(axis=-1, keepdims=True) + offset[..., step, None]
        z = z + u / (1.0 + np.logaddexp(0.0, -along)) * np.tanh(place)
    return z


def radial_forward(
    z: np.ndarray, center: np.ndarray, radius: np.ndarray, strength: np.ndarray
) -> np.ndarray:
    """Maps latents by radial steps, z ← z + b (z - c) / (a + ‖z - c‖).

    Args:
      z: Latents, `[..., B, L]`.
      center: c of every step, `[B, T, L]`.
      radius: The number of every step from which a comes, `[B, T]`.
      strength: The number of every step from which b comes, `[B, T]`.

    Returns:
      The latents, `[..., B, L]`.

    Source: Rezende & Mohamed (2015), "Variational inference with normalizing flows". Here
    a = f(radius) and b = a (f(strength) - 1), where f(x) = (1 + softplus(x)) / (1 + softplus(-x)).

    Example:
      >>> zeros = np.zeros([5, 3])
      >>> z = tfp_vae.testing.flows.radial_forward(
      ...     np.ones([5, 2]), np.zeros([5, 3, 2]), zeros, zeros)
      >>> bool((z == 1.0).all())  # steps of strength zero are the identity
      True
    """
    for step in range(radius.shape[-1]):
        alpha = _positive(radius[..., step, None])
        beta = alpha * (_positive(strength[..., step, None]) - 1.0)
        away = z - center[..., step, :]
        z = z + beta * away / (alpha + np.linalg.norm(away, axis=-1, keepdims=True))
    return z


def _positive(x: np.ndarray) -> np.ndarray:
    found: np.ndarray = (1.0 + np.logaddexp(0.0, x)) / (1.0 + np.logaddexp(0.0, -x))
    return found


def _bounded(log_scale: np.ndarray) -> np.ndarray:
    return BOUND * np.tanh(log_scale / BOUND)
