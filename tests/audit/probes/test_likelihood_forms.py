"""The likelihoods that people write are read as what they are."""

import math

import pytest
import tensorflow as tf
import tensorflow_probability as tfp

from tests.audit.written_losses import (
    NORMAL,
    SIZES,
    kl,
)
from tfp_vae.audit import audit

tfd = tfp.distributions


@pytest.mark.parametrize("weight", [1.0, 9.0])
def test_a_graph_autoencoder_is_right(weight):
    def loss(x, logits, m, s):
        likelihood = tf.reduce_mean(tf.nn.weighted_cross_entropy_with_logits(x, logits, weight))
        each = 1 + 2 * s - m**2 - tf.exp(2 * s)
        return likelihood - 0.5 / x.shape[-1] * tf.reduce_mean(tf.reduce_sum(each, 1))

    report = audit(loss, decoder_output="logits", **SIZES)
    assert report.ok
    assert report.clean
    assert report.codes == {"overall-factor", *(["class-weight"] if weight != 1.0 else [])}


def test_beside_an_unreadable_likelihood_no_weight_is_accused():
    def loss(x, p, m, s):
        structure = tf.reduce_mean(tf.abs(tf.sin(x - 2.0 * p)) + 0.1 * (x - p) ** 2)
        return structure + 0.001 * tf.reduce_mean(kl(m, s))

    report = audit(loss, **SIZES)
    assert report.codes == frozenset()
    assert "neither it nor the weight" in report.undetermined[0]
    assert not report.clean


@pytest.mark.parametrize("guard", [1e-7, 1e-6, 1e-4, 1e-3])
def test_a_guard_inside_the_logarithms_is_no_other_likelihood(guard):
    def loss(x, p, m, s):
        each = x * tf.math.log(p + guard) + (1 - x) * tf.math.log(1 - p + guard)
        return -tf.reduce_sum(each, -1) + kl(m, s)

    assert audit(loss, **SIZES).codes == frozenset()


def learned(x, d, v):
    return 0.5 * tf.reduce_sum((x - d) ** 2 / tf.exp(v) + v + math.log(2 * math.pi), -1)


def test_a_decoder_with_a_log_variance_is_read():
    def loss(x, recon, recon_logvar, mu, logvar):
        return learned(x, recon, recon_logvar) + kl(mu, logvar)

    assert audit(loss, **NORMAL).codes == frozenset()

    def in_one(x, out, mu, logvar):
        return learned(x, *tf.split(out, 2, -1)) + kl(mu, logvar)

    assert audit(in_one, **NORMAL).codes == frozenset()

    def halved(x, recon, recon_logvar, mu, logvar):
        return learned(x, recon, recon_logvar) + 0.5 * kl(mu, logvar)

    assert audit(halved, **NORMAL).codes == {"kl-weight"}


@pytest.mark.parametrize("clipped", ["x", "d"])
def test_a_squared_error_of_clipped_values_is_one_where_none_is_clipped(clipped):
    def loss(x, d, m, s):
        x = tf.clip_by_value(x, 0.0, 1.0) if clipped == "x" else x
        d = tf.clip_by_value(d, 0.0, 1.0) if clipped == "d" else d
        return tf.reduce_mean((x - d) ** 2) + tf.reduce_mean(kl(m, s))

    report = audit(loss, **NORMAL)
    assert report.codes == {"fixed-scale", "likelihood-reduction"}, report
    assert "while x and d stay in (0, 1)" in report.formula
