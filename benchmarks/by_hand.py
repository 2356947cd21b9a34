"""Variational autoencoders in Keras with hand-written losses, without tfp_vae's distributions.

Every function returns a model whose `train_step` minimises the negative bound. All have Bernoulli
logits, normal posteriors with a softplus for the scale, and a standard normal prior unless said.
"""

import math
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf
from keras import layers, ops

from tfp_vae import networks

LATENT_SIZE = 50
STEPS, FLOW_UNITS, CONTEXT_SIZE, GATE_BIAS = 4, (64, 64), 32, 2.0
_LOG_TWO_PI = math.log(2.0 * math.pi)


class ByHand(keras.Model):
    """A model of layers and a loss `[B]` that is computed with them.

    Args:
      parts: The layers, by name.
      loss: Called with the parts, the rows and a function that draws standard normal noise.
      **weights: Shapes of weights that belong to no layer, by name.
    """

    def __init__(self, parts: dict[str, Any], loss: Callable[..., Any], **weights: Any) -> None:
        super().__init__()
        self.parts = parts
        self.noise = keras.random.SeedGenerator(0)
        self.tracker = keras.metrics.Mean(name="loss")
        self.hand_written = loss
        for name, shape in weights.items():
            self.parts[name] = self.add_weight(name=name, shape=shape, initializer="uniform")

    @property
    def metrics(self):
        return [self.tracker]

    def build(self, x_shape):
        self.loss_of(ops.zeros([1, *x_shape[1:]]))

    def call(self, x):
        return self.loss_of(x)

    def loss_of(self, x):
        def draw(shape):
            return keras.random.normal(shape, seed=self.noise)

        return self.hand_written(self.parts, x, draw)

    def train_step(self, x):
        with tf.GradientTape() as tape:
            loss = ops.mean(self.loss_of(x))
        gradients = tape.gradient(loss, self.trainable_weights)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_weights, strict=True))
        self.tracker.update_state(loss)
        return {"loss": self.tracker.result()}


def _heads(size: int) -> tuple[layers.Layer, layers.Layer]:
    return layers.Dense(size), layers.Dense(size, activation="softplus")


def _log_bernoulli(x, logits, axes):
    return ops.sum(x * logits - ops.softplus(logits), axis=axes)


def _log_normal(z, loc=0.0, scale=1.0):
    standardised = (z - loc) / scale
    return ops.sum(-0.5 * (standardised**2 + _LOG_TWO_PI) - ops.log(scale * ops.ones_like(z)), -1)


def _event_axes(x):
    return list(range(1, len(x.shape)))


def elbo(encoder: Any, decoder: Any, channels: int) -> ByHand:
    """The evidence lower bound, its KL in closed form."""
    loc_head, scale_head = _heads(LATENT_SIZE)

    def loss(parts, x, draw):
        features = parts["encoder"](x)
        loc, scale = parts["loc"](features), parts["scale"](features)
        z = loc + scale * draw(ops.shape(loc))
        logits = ops.reshape(parts["logits"](parts["decoder"](z)), ops.shape(x))
        kl = 0.5 * ops.sum(loc**2 + scale**2 - 1.0 - 2.0 * ops.log(scale), axis=-1)
        return kl - _log_bernoulli(x, logits, _event_axes(x))

    parts = {"encoder": encoder, "loc": loc_head, "scale": scale_head, "decoder": decoder}
    return ByHand({**parts, "logits": layers.Dense(channels)}, loss)


def iwae(encoder: Any, decoder: Any, size: int, draws: int) -> ByHand:
    """The importance-weighted bound of vectors."""
    loc_head, scale_head = _heads(LATENT_SIZE)

    def loss(parts, x, draw):
        features = parts["encoder"](x)
        loc, scale = parts["loc"](features), parts["scale"](features)
        z = loc + scale * draw([draws, ops.shape(x)[0], LATENT_SIZE])
        flat = ops.reshape(z, [-1, LATENT_SIZE])
        logits = ops.reshape(parts["logits"](parts["decoder"](flat)), [draws, -1, size])
        log_weights = _log_bernoulli(x, logits, -1) + _log_normal(z) - _log_normal(z, loc, scale)
        return math.log(draws) - ops.logsumexp(log_weights, axis=0)

    parts = {"encoder": encoder, "loc": loc_head, "scale": scale_head, "decoder": decoder}
    return ByHand({**parts, "logits": layers.Dense(size)}, loss)


def two_layers(up: Any, down: Any, size: int, latent_sizes: tuple[int, int]) -> ByHand:
    """Two layers of latents: q(z1|x) q(z2|z1) and p(z2) p(z1|z2) p(x|z1), the KL by draws."""
    parts = {"up": up[0], "up2": up[1], "down": down[0], "down2": down[1]}
    for name, latents in zip(["q1", "q2", "p1"], [*latent_sizes, latent_sizes[0]], strict=True):
        parts[f"{name}_loc"], parts[f"{name}_scale"] = _heads(latents)

    def normal(parts, name, features):
        return parts[f"{name}_loc"](features), parts[f"{name}_scale"](features)

    def loss(parts, x, draw):
        first = normal(parts, "q1", parts["up"](x))
        z1 = first[0] + first[1] * draw(ops.shape(first[0]))
        second = normal(parts, "q2", parts["up2"](z1))
        z2 = second[0] + second[1] * draw(ops.shape(second[0]))
        log_q = _log_normal(z1, *first) + _log_normal(z2, *second)
        log_p = _log_normal(z2) + _log_normal(z1, *normal(parts, "p1", parts["down2"](z2)))
        logits = parts["logits"](parts["down"](z1))
        return log_q - log_p - _log_bernoulli(x, logits, -1)

    return ByHand({**parts, "logits": layers.Dense(size)}, loss)


def vamp_prior(encoder: Any, decoder: Any, size: int, pseudo_inputs: int) -> ByHand:
    """The VampPrior: the mixture of the posteriors at learned rows."""
    loc_head, scale_head = _heads(LATENT_SIZE)

    def loss(parts, x, draw):
        both = parts["encoder"](ops.concatenate([x, parts["pseudo_inputs"]], axis=0))
        loc, scale = parts["loc"](both), parts["scale"](both)
        loc, prior_loc = loc[:-pseudo_inputs], loc[-pseudo_inputs:]
        scale, prior_scale = scale[:-pseudo_inputs], scale[-pseudo_inputs:]
        z = loc + scale * draw(ops.shape(loc))
        components = _log_normal(z[:, None], prior_loc, prior_scale)
        log_prior = ops.logsumexp(components, axis=-1) - math.log(pseudo_inputs)
        logits = parts["logits"](parts["decoder"](z))
        return _log_normal(z, loc, scale) - log_prior - _log_bernoulli(x, logits, -1)

    parts = {"encoder": encoder, "loc": loc_head, "scale": scale_head, "decoder": decoder}
    return ByHand(
        {**parts, "logits": layers.Dense(size)}, loss, pseudo_inputs=(pseudo_inputs, size)
    )


def autoregressive_flow(encoder: Any, decoder: Any, size: int) -> ByHand:
    """An inverse autoregressive flow after the normal posterior; its masked networks are ours."""
    loc_head, scale_head = _heads(LATENT_SIZE)
    parts = {"encoder": encoder, "loc": loc_head, "scale": scale_head, "decoder": decoder}
    for index in range(STEPS):
        parts[f"step_{index}"] = networks.MADE(
            parameters=2,
            units=FLOW_UNITS,
            activation="tanh",
            order="right_to_left" if index % 2 else "left_to_right",
            output_initializer="zeros",
        )

    def loss(parts, x, draw):
        features = parts["encoder"](x)
        loc, scale = parts["loc"](features), parts["scale"](features)
        context = parts["context"](features)
        noise = draw(ops.shape(loc))
        z, log_q = loc + scale * noise, _log_normal(noise) - ops.sum(ops.log(scale), axis=-1)
        for index in range(STEPS):
            outputs = parts[f"step_{index}"](z, context)
            gate = outputs[..., 1] + GATE_BIAS
            z = ops.sigmoid(gate) * z + (1.0 - ops.sigmoid(gate)) * outputs[..., 0]
            log_q = log_q + ops.sum(ops.softplus(-gate), axis=-1)
        logits = parts["logits"](parts["decoder"](z))
        return log_q - _log_normal(z) - _log_bernoulli(x, logits, -1)

    more = {"context": layers.Dense(CONTEXT_SIZE), "logits": layers.Dense(size)}
    return ByHand({**parts, **more}, loss)
