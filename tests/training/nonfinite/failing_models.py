"""Models and rows with which a step of training has a loss or gradient that is not finite."""

import keras
import numpy as np
import tensorflow as tf

from tests.support.replicated_model import NanWhereLarge
from tests.support.small_models import small_vae
from tfp_vae import likelihoods, networks

BAD = 17
X = np.abs(np.random.default_rng(0).normal(size=[40, 4])).astype("float32")
X[BAD, 2] = 100.0
BATCH = {"batch_size": 8, "shuffle": False, "verbose": 0}
KL = rf"a KL divergence of nan for row {BAD} of `x` at latent 0, in batch 2 "


class NanGradientWhereLarge(keras.layers.Layer):
    """Gives the values back, with a gradient of NaN for a row that holds one beyond 20."""

    def call(self, x):
        large = tf.reduce_any(tf.abs(x) > 20.0, axis=-1, keepdims=True)
        return x + tf.sqrt(tf.where(large, x - x, 1.0)) - 1.0


def trunk(layer, after=False):
    dense = keras.layers.Dense(5, activation=None if after else "tanh")
    return keras.Sequential([dense, layer] if after else [layer, dense])


def vae_of(encoder_trunk=None, scale=1.0, **options):
    keras.utils.set_random_seed(1)
    if encoder_trunk is None:
        encoder_trunk = trunk(NanWhereLarge())
    options = {"adaptive": False, **options}
    return small_vae(likelihoods.Normal([4], scale=scale), encoder_trunk, **options)


def likelihood_fails(**options):
    return vae_of(networks.mlp([5]), scale=1e-20, **options)


def compiled(vae, **options):
    vae.compile(
        keras.optimizers.Adam(0.01), **{"run_eagerly": "jit_compile" not in options, **options}
    )
    vae.optimizer.build(vae.trainable_variables)
    return vae


def fit(vae, x=X, epochs=1, **options):
    keras.utils.set_random_seed(2)
    return vae.fit(x, epochs=epochs, **{**BATCH, **options})


def state(vae):
    variables = [*vae.weights, *vae.optimizer.variables]
    return [np.array(variable) for variable in variables]


def assert_same(one, other):
    for value, expected in zip(one, other, strict=True):
        np.testing.assert_array_equal(value, expected)


def assert_close(one, other):
    for value, expected in zip(one, other, strict=True):
        np.testing.assert_allclose(value, expected, rtol=1e-4, atol=1e-5)
