"""Samplers are read in every form that people write."""

import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

from tests.audit.written_losses import (
    NORMAL,
    SIZES,
    cross_entropy,
    finding,
    kl,
    noise,
    squares,
    wrong_codes,
)
from tfp_vae.audit import audit

tfd = tfp.distributions


def sampling(args):
    z_mean, z_log_var = args
    return z_mean + tf.exp(0.5 * z_log_var) * noise(z_mean)


class Sampling(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.seed_generator = keras.random.SeedGenerator(1)

    def call(self, inputs):
        z_mean, z_log_var = inputs
        epsilon = keras.random.normal(keras.ops.shape(z_mean), seed=self.seed_generator)
        return z_mean + keras.ops.exp(0.5 * z_log_var) * epsilon


class WrongSampling(Sampling):
    def call(self, inputs):
        z_mean, z_log_var = inputs
        epsilon = keras.random.normal(keras.ops.shape(z_mean), seed=self.seed_generator)
        return z_mean + keras.ops.exp(z_log_var) * epsilon


def stateless(mean, log_var, seed):
    return mean + tf.exp(log_var / 2) * tf.random.stateless_normal(
        tf.shape(mean), seed=seed, dtype=mean.dtype
    )


def generator(rng, mu, log_var):
    return np.asarray(mu) + np.exp(np.asarray(log_var) / 2) * rng.normal(size=np.shape(mu))


def reversed_order(log_var, mu):
    return mu + tf.exp(log_var / 2) * noise(mu)


def with_noise(mean, log_var):
    epsilon = noise(mean)
    return mean + tf.exp(log_var / 2) * epsilon, epsilon


@pytest.mark.parametrize(
    "sampler", [sampling, Sampling(), stateless, generator, reversed_order, with_noise]
)
def test_samplers_come_in_many_forms(sampler):
    assert audit(lambda x, p, m, s: cross_entropy(x, p) + kl(m, s), sampler, **SIZES).codes == (
        frozenset()
    )


def test_a_layer_with_another_scale_is_found():
    loss = lambda x, p, m, s: cross_entropy(x, p) + kl(m, s)  # noqa: E731
    assert audit(loss, WrongSampling(), **SIZES).codes == {"scale-mismatch"}


@pytest.mark.parametrize(
    "sampler",
    [
        lambda m, s: m + tf.exp(s),
        lambda m, s: m + tf.exp(s / 2),
        lambda m, s: m + 0.37 * tf.exp(s / 2),
    ],
)
def test_a_sampler_without_noise_is_one_mistake(sampler):
    loss = lambda x, d, m, s: squares(x, d) + kl(m, s)  # noqa: E731
    report = audit(loss, sampler, **NORMAL)
    assert wrong_codes(report) == {"sampler-noise"}
    assert "adds no noise" in finding(report, "sampler-noise").evidence
