"""The same training loop with distribution objects and with explicit formulas.

A third loop has the matrix products alone.
"""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

import tfp_vae
from benchmarks.peers.architecture import layer_shapes
from benchmarks.peers.tfp_vae_fit import model
from tfp_vae import objectives, stateless_random

LossFn = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
"""From a batch `[B, D]` and a seed `[2]` to the loss, a scalar."""


def with_objects(vae: tfp_vae.VAE) -> LossFn:
    """Makes the loss from a posterior, a prior and a likelihood."""
    objective = objectives.ELBO()

    def loss(x: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        terms = objective(
            x,
            posterior=vae.encoder(x, training=True),
            prior=vae.prior(),
            likelihood_fn=lambda z: vae.decoder(z, training=True),
            seed=seed,
        )
        return -tf.reduce_mean(terms.elbo)

    return loss


def with_formulas(vae: tfp_vae.VAE) -> LossFn:
    """Makes the loss from explicit formulas of KL and cross-entropy, on the same weights."""
    weights = [variable.value for variable in vae.trainable_variables]
    layers = list(zip(weights[::2], weights[1::2], strict=True))

    def dense(layer: int, features: tf.Tensor) -> tf.Tensor:
        kernel, bias = layers[layer]
        return tf.matmul(features, kernel) + bias

    def loss(x: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        features = tf.tanh(dense(1, tf.tanh(dense(0, x))))
        loc, scale = dense(2, features), tf.math.softplus(dense(3, features)) + 1e-6
        z = loc + scale * stateless_random.normal(loc.shape, seed)
        logits = dense(6, tf.tanh(dense(5, tf.tanh(dense(4, z)))))
        cross_entropy = tf.nn.sigmoid_cross_entropy_with_logits(labels=x, logits=logits)
        kl_divergence = 0.5 * tf.reduce_sum(
            tf.square(loc) + tf.square(scale) - 1.0 - 2.0 * tf.math.log(scale), axis=-1
        )
        return tf.reduce_mean(tf.reduce_sum(cross_entropy, axis=-1) + kl_divergence)

    return loss


def compiled_loop(
    make_loss: Callable[[tfp_vae.VAE], LossFn], x: np.ndarray, batch_size: int
) -> Callable[[int], Any]:
    """Compiles a loop of Adam steps, and returns a function that runs a number of them.

    Args:
      make_loss: Makes a loss of a model.
      x: Images, `[N, D]`.
      batch_size: The number of rows in a step, from a permutation of all.

    Returns:
      A function from a number of steps to the mean loss over them.
    """
    keras.utils.set_random_seed(0)
    vae = model(x.shape[1])
    variables = vae.trainable_variables
    optimizer = keras.optimizers.Adam(1e-3)
    optimizer.build(variables)
    loss_fn = make_loss(vae)
    images = tf.constant(x)
    order = tf.constant(np.random.default_rng(0).permutation(len(x)).astype(np.int32))
    batches = len(x) // batch_size

    @tf.function(jit_compile=True)
    def loop(images: tf.Tensor, order: tf.Tensor, steps: tf.Tensor) -> tf.Tensor:
        def body(step: tf.Tensor, total: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            rows = tf.slice(order, [step % batches * batch_size], [batch_size])
            with tf.GradientTape() as tape:
                loss = loss_fn(tf.gather(images, rows), tf.stack([0, step]))
            optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
            return step + 1, total + loss

        return tf.while_loop(lambda step, _: step < steps, body, [0, 0.0])[1]

    return lambda steps: float(loop(images, order, tf.constant(steps))) / steps


def products_loop(x: np.ndarray, batch_size: int) -> Callable[[int], Any]:
    """Compiles a loop of the matrix products of a step, forward and backward, and nothing else.

    Args:
      x: Images, `[N, D]`.
      batch_size: The number of rows in a step, in order.

    Returns:
      A function that runs a number of steps, and returns an arbitrary number.
    """
    rng = np.random.default_rng(0)
    kernels = [
        tf.constant(rng.normal(size=shape, scale=shape[0] ** -0.5).astype(np.float32))
        for shape in layer_shapes(x.shape[1]).values()
    ]
    images = tf.constant(x)
    batches = len(x) // batch_size

    def products(rows: tf.Tensor) -> list[tf.Tensor]:
        first, second, loc, scale, third, fourth, last = kernels
        features = [rows, rows @ first]
        features.append(features[-1] @ second)
        means, widths = features[-1] @ loc, features[-1] @ scale
        decoded = [means + widths]
        for kernel in (third, fourth, last):
            decoded.append(decoded[-1] @ kernel)
        back, gradients = decoded[-1], []
        for kernel, inputs in zip((last, fourth, third), decoded[-2::-1], strict=True):
            gradients.append(tf.matmul(inputs, back, transpose_a=True))
            back = tf.matmul(back, kernel, transpose_b=True)
        gradients += [tf.matmul(features[2], each, transpose_a=True) for each in (back, widths)]
        back = tf.matmul(back, loc, transpose_b=True) + tf.matmul(widths, scale, transpose_b=True)
        gradients.append(tf.matmul(features[1], back, transpose_a=True))
        back = tf.matmul(back, second, transpose_b=True)
        return [*gradients, tf.matmul(rows, back, transpose_a=True)]

    @tf.function(jit_compile=True)
    def loop(images: tf.Tensor, steps: tf.Tensor) -> tf.Tensor:
        def body(step: tf.Tensor, _: list[tf.Tensor]) -> tuple[tf.Tensor, list[tf.Tensor]]:
            rows = tf.slice(images, [step % batches * batch_size, 0], [batch_size, x.shape[1]])
            return step + 1, products(rows)

        none = [tf.zeros_like(gradient) for gradient in products(images[:batch_size])]
        _, gradients = tf.while_loop(lambda step, _: step < steps, body, [0, none])
        return tf.add_n([tf.reduce_sum(gradient) for gradient in gradients])

    return lambda steps: float(loop(images, tf.constant(steps)))
