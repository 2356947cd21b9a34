"""Networks of `benchmarks.by_hand` in JAX: trees of weights, and functions of them.

They have the layers and the weights of those in Keras, laid out alike: a layer is its kernel and
its bias. A loss `[B]` is called with the weights, the rows and a function that draws standard
normal noise of a shape. The network with a GRU and that with a flow are left out.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

LATENT_SIZE = 50
_LOG_TWO_PI = math.log(2.0 * math.pi)

Weights = dict[str, Any]
Draw = Callable[[tuple[int, ...]], jax.Array]
Loss = Callable[[Weights, jax.Array, Draw], jax.Array]


@dataclass(frozen=True)
class Layer:
    """The shapes of a layer's kernel and bias."""

    kernel: tuple[int, ...]
    bias: int


@dataclass(frozen=True)
class Uniform:
    """The shape of weights of no layer, which begin between -0.05 and 0.05."""

    shape: tuple[int, ...]


def dense(inputs: int, units: int) -> Layer:
    return Layer((inputs, units), units)


def mlp(inputs: int, units: int = 200) -> list[Layer]:
    return [dense(inputs, units), dense(units, units)]


def heads(features: int, size: int = LATENT_SIZE) -> dict[str, Layer]:
    return {"loc": dense(features, size), "scale": dense(features, size)}


def of_vectors(size: int) -> dict[str, Any]:
    """Returns the shapes of a network of vectors."""
    return {
        "encoder": mlp(size),
        **heads(200),
        "decoder": mlp(LATENT_SIZE),
        "logits": dense(200, size),
    }


def of_images(height: int, width: int, channels: int) -> dict[str, Any]:
    """Returns the shapes of `networks.conv([32, 64])` and its mirror, of sizes that 4 divides."""
    features = height // 4 * (width // 4) * 64
    return {
        "encoder": [Layer((3, 3, channels, 32), 32), Layer((3, 3, 32, 64), 64)],
        **heads(features),
        # The kernels of transposed convolutions have their filters before their inputs.
        "decoder": [
            dense(LATENT_SIZE, features),
            Layer((3, 3, 64, 64), 64),
            Layer((3, 3, 32, 64), 32),
        ],
        "logits": dense(32, channels),
    }


def of_two_layers(size: int, first: int, second: int) -> dict[str, Any]:
    """Returns the shapes of a network with two layers of latents."""
    return {
        "up": mlp(size),
        "up2": mlp(first, 100),
        "down": mlp(first),
        "down2": mlp(second, 100),
        "q1": heads(200, first),
        "q2": heads(100, second),
        "p1": heads(100, first),
        "logits": dense(200, size),
    }


def elbo(
    weights: Weights, x: jax.Array, draw: Draw, encode: Callable, decode: Callable
) -> jax.Array:
    """The evidence lower bound, its KL in closed form."""
    loc, scale = _normal(weights, encode(weights["encoder"], x))
    z = loc + scale * draw(loc.shape)
    logits = _affine(weights["logits"], decode(weights["decoder"], z)).reshape(x.shape)
    kl = 0.5 * jnp.sum(loc**2 + scale**2 - 1.0 - 2.0 * jnp.log(scale), -1)
    return kl - _log_bernoulli(x, logits, tuple(range(1, x.ndim)))


def iwae(weights: Weights, x: jax.Array, draw: Draw, draws: int) -> jax.Array:
    """The importance-weighted bound of vectors."""
    loc, scale = _normal(weights, _tanh_layers(weights["encoder"], x))
    z = loc + scale * draw((draws, *loc.shape))
    logits = _affine(weights["logits"], _tanh_layers(weights["decoder"], z))
    log_weights = _log_bernoulli(x, logits) + _log_normal(z) - _log_normal(z, loc, scale)
    return math.log(draws) - jax.nn.logsumexp(log_weights, 0)


def two_layers(weights: Weights, x: jax.Array, draw: Draw) -> jax.Array:
    """Two layers of latents: q(z1|x) q(z2|z1) and p(z2) p(z1|z2) p(x|z1), the KL by draws."""
    first = _normal(weights["q1"], _tanh_layers(weights["up"], x))
    z1 = first[0] + first[1] * draw(first[0].shape)
    second = _normal(weights["q2"], _tanh_layers(weights["up2"], z1))
    z2 = second[0] + second[1] * draw(second[0].shape)
    log_q = _log_normal(z1, *first) + _log_normal(z2, *second)
    prior = _normal(weights["p1"], _tanh_layers(weights["down2"], z2))
    logits = _affine(weights["logits"], _tanh_layers(weights["down"], z1))
    return log_q - _log_normal(z2) - _log_normal(z1, *prior) - _log_bernoulli(x, logits)


def vamp_prior(weights: Weights, x: jax.Array, draw: Draw) -> jax.Array:
    """The VampPrior: the mixture of the posteriors at learned rows."""
    both = jnp.concatenate([x, weights["pseudo_inputs"]])
    locs, scales = _normal(weights, _tanh_layers(weights["encoder"], both))
    loc, prior_loc = jnp.split(locs, [len(x)])
    scale, prior_scale = jnp.split(scales, [len(x)])
    z = loc + scale * draw(loc.shape)
    components = _log_normal(z[:, None], prior_loc, prior_scale)
    log_prior = jax.nn.logsumexp(components, -1) - math.log(len(prior_loc))
    logits = _affine(weights["logits"], _tanh_layers(weights["decoder"], z))
    return _log_normal(z, loc, scale) - log_prior - _log_bernoulli(x, logits)


def _affine(layer: Any, x: jax.Array) -> jax.Array:
    kernel, bias = layer
    return x @ kernel + bias


def _tanh_layers(layers: list[Any], x: jax.Array) -> jax.Array:
    for layer in layers:
        x = jnp.tanh(_affine(layer, x))
    return x


def _conv(layers: list[Any], x: jax.Array) -> jax.Array:
    for kernel, bias in layers:
        x = lax.conv_general_dilated(
            x, kernel, (2, 2), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
        )
        x = jax.nn.relu(x + bias)
    return x.reshape(len(x), -1)


def _conv_transpose(layers: list[Any], z: jax.Array, height: int, width: int) -> jax.Array:
    x = jax.nn.relu(_affine(layers[0], z)).reshape(-1, height // 4, width // 4, 64)
    for kernel, bias in layers[1:]:
        x = lax.conv_transpose(x, kernel, (2, 2), "SAME", transpose_kernel=True)
        x = jax.nn.relu(x + bias)
    return x


def _normal(weights: Weights, features: jax.Array) -> tuple[jax.Array, jax.Array]:
    return _affine(weights["loc"], features), jax.nn.softplus(_affine(weights["scale"], features))


def _log_bernoulli(x: jax.Array, logits: jax.Array, axes: Any = -1) -> jax.Array:
    return jnp.sum(x * logits - jax.nn.softplus(logits), axes)


def _log_normal(z: jax.Array, loc: Any = 0.0, scale: Any = 1.0) -> jax.Array:
    return jnp.sum(-0.5 * (((z - loc) / scale) ** 2 + _LOG_TWO_PI) - jnp.log(scale), -1)


def _elbo_of_images(height: int, width: int, channels: int) -> tuple[dict[str, Any], Loss]:
    decode = partial(_conv_transpose, height=height, width=width)
    return of_images(height, width, channels), partial(elbo, encode=_conv, decode=decode)


KINDS: dict[str, tuple[dict[str, Any], Loss]] = {
    "dense": (of_vectors(784), partial(elbo, encode=_tanh_layers, decode=_tanh_layers)),
    "convolutional, 28 x 28 x 1": _elbo_of_images(28, 28, 1),
    "convolutional, 64 x 64 x 3": _elbo_of_images(64, 64, 3),
    "IWAE, 5 draws": (of_vectors(784), partial(iwae, draws=5)),
    "IWAE, 50 draws": (of_vectors(784), partial(iwae, draws=50)),
    "two layers of latents": (of_two_layers(784, 100, LATENT_SIZE), two_layers),
    "VampPrior, 50 pseudo-inputs": (
        {**of_vectors(784), "pseudo_inputs": Uniform((50, 784))},
        vamp_prior,
    ),
}
"""By the name of the network, the shapes of its weights and its loss."""
