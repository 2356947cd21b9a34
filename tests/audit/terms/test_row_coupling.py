"""A term that couples rows, such as a maximum mean discrepancy, is said to be unreadable."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfp_vae.audit import audit

D, K = 12, 3
SIZES = {"event_shape": (D,), "latent_size": K}
PRIOR = np.random.default_rng(0).normal(size=(5, 2 * K))


def cross_entropy(x, p):
    return tf.reduce_sum(keras.ops.binary_crossentropy(x, p), -1)


def kl(mean, s):
    return 0.5 * tf.reduce_sum(mean**2 + tf.exp(s) - s - 1, -1)


def kernel(a, b):
    return tf.exp(-tf.reduce_mean((a[:, None] - b[None]) ** 2, -1))


def discrepancy(a, b):
    between = tf.reduce_mean(kernel(a, b))
    return tf.reduce_mean(kernel(a, a)) + tf.reduce_mean(kernel(b, b)) - 2 * between


def draw(mean, s):
    return mean + tf.exp(s / 2) * tf.random.normal(tf.shape(mean), dtype=mean.dtype)


def of_the_mean(x, p, mean, s):
    prior = tf.constant(PRIOR[:, : mean.shape[-1]], mean.dtype)
    return tf.reduce_mean(cross_entropy(x, p)) + 10 * discrepancy(mean + 0 * s, prior)


def of_draws(x, p, mean, s):
    z = draw(mean, s)[::8]
    prior = tf.random.normal(tf.shape(z), dtype=z.dtype)
    return tf.reduce_mean(cross_entropy(x, p)) / D + 10 * discrepancy(z, prior)


def beside_a_kl(x, p, mean, s):
    return of_the_mean(x, p, mean, s) + 0.1 * tf.reduce_mean(kl(mean, s))


def of_one_output(x, p, mean):
    return cross_entropy(x, p) + of_the_mean(x, p, mean, 0.0 * mean)


def of_moments(x, p, mean, s):
    centre = tf.reduce_sum(tf.reduce_mean(mean, 0) ** 2) + tf.reduce_sum(s) * 0
    return tf.reduce_mean(cross_entropy(x, p)) - centre


@pytest.mark.parametrize("loss", [of_the_mean, of_draws, beside_a_kl, of_one_output, of_moments])
def test_a_term_that_couples_rows_is_accused_of_nothing(loss):
    tf.random.set_seed(1)
    report = audit(loss, **SIZES)
    assert not {code for code in report.codes if code.startswith(("kl", "likelihood"))}, report
    assert report.ok
    assert not report.clean
    assert any("couples the rows of a batch" in question for question in report.undetermined)
    assert "couples the rows of a batch" in report.formula


def test_a_sum_over_rows_is_judged_though_no_formula_fits():
    def loss(x, p, mean, s):
        return cross_entropy(x, p) + tf.reduce_sum(tf.sinh(mean) ** 2 + tf.cosh(s), -1)

    report = audit(loss, **SIZES)
    assert report.codes == {"kl-formula"}
    assert not report.undetermined


def test_noise_does_not_couple_rows():
    tf.random.set_seed(2)

    def loss(x, p, mean, s):
        z = draw(mean, s)
        return tf.reduce_mean(cross_entropy(x, p) + tf.reduce_sum(z**4, -1))

    report = audit(loss, **SIZES)
    assert report.codes == {"kl-formula"}
