"""Deliberate changes of a loss are read back as information, with their numbers."""

import math

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

from tests.audit.written_losses import (
    NORMAL,
    SIZES,
    cross_entropy,
    each_latent,
    finding,
    kl,
    squares,
    wrong_codes,
)
from tfp_vae.audit import audit

tfd = tfp.distributions


@pytest.mark.parametrize(
    ("loss", "code", "words", "weight"),
    [
        (
            lambda x, d, m, s: tf.reduce_mean(squares(x, d) + tf.maximum(kl(m, s), 3.0)),
            "free-bits",
            "max(KL, 3) of each example",
            1.0,
        ),
        (
            lambda x, d, m, s: (
                tf.reduce_mean(squares(x, d)) + 10 * tf.abs(tf.reduce_mean(kl(m, s)) - 5.0)
            ),
            "capacity",
            "|KL - 5| of the mean over the batch",
            10.0,
        ),
        (
            lambda x, d, m, s: (
                tf.reduce_mean(squares(x, d)) + tf.maximum(tf.reduce_mean(kl(m, s)) - 5.0, 0.0)
            ),
            "capacity",
            "max(KL - 5, 0) of the mean over the batch",
            1.0,
        ),
        (
            lambda x, d, m, s: tf.reduce_mean(
                squares(x, d) + tf.reduce_sum(tf.maximum(each_latent(m, s), 0.25), -1)
            ),
            "free-bits",
            "max(KL, 0.25) of each latent of each example",
            1.0,
        ),
        (
            lambda x, d, m, s: (
                squares(x, d)
                + tf.reduce_sum(tf.maximum(tf.reduce_mean(each_latent(m, s), 0), 0.25))
            ),
            "free-bits",
            "max(KL, 0.25) of each latent, averaged over the batch",
            1.0,
        ),
        (
            lambda x, d, m, s: (
                tf.reduce_mean(squares(x, d)) + tf.maximum(tf.reduce_mean(kl(m, s)), 0.7)
            ),
            "free-bits",
            "max(KL, 0.7) of the mean over the batch",
            1.0,
        ),
        (
            lambda x, d, m, s: (
                squares(x, d) + tf.reduce_sum(tf.maximum(each_latent(m, s), 0.05), -1)
            ),
            "free-bits",
            "max(KL, 0.05) of each latent of each example",
            1.0,
        ),
    ],
)
def test_floors_and_capacities_are_information_with_their_number(loss, code, words, weight):
    report = audit(loss, expected_kl_weight=weight, **NORMAL)
    assert wrong_codes(report) == set(), report
    assert words in finding(report, code).evidence
    assert "constant" not in report.codes


def test_a_declared_floor_must_be_there():
    floored = lambda x, d, m, s: squares(x, d) + tf.maximum(kl(m, s), 3.0)  # noqa: E731
    assert audit(floored, kl_floor=3.0, **NORMAL).ok
    assert wrong_codes(audit(floored, kl_floor=2.0, **NORMAL)) == {"free-bits"}
    plain = lambda x, d, m, s: squares(x, d) + kl(m, s)  # noqa: E731
    assert wrong_codes(audit(plain, kl_floor=3.0, **NORMAL)) == {"free-bits"}
    assert wrong_codes(audit(plain, kl_capacity=3.0, **NORMAL)) == {"capacity"}


def test_a_floor_does_not_hide_a_wrong_weight():
    loss = lambda x, d, m, s: squares(x, d) + 3.0 * tf.maximum(kl(m, s), 3.0)  # noqa: E731
    assert wrong_codes(audit(loss, **NORMAL)) == {"kl-weight"}


def kl_to(mean, variance):
    def divergence(m, s):
        each = math.log(variance) - s + (tf.exp(s) + (m - mean) ** 2) / variance - 1
        return 0.5 * tf.reduce_sum(each, -1)

    return divergence


@pytest.mark.parametrize("prior", [(0.7, 0.45), (0.0, 4.0), (-1.0, 1.0)])
def test_another_prior_is_a_warning_with_its_numbers_unless_declared(prior):
    loss = lambda x, d, m, s: squares(x, d) + kl_to(*prior)(m, s)  # noqa: E731
    report = audit(loss, **NORMAL)
    assert wrong_codes(report) == {"prior"}
    assert f"N({prior[0]:g}, {prior[1]:g})" in finding(report, "prior").evidence
    assert report.ok
    assert audit(loss, prior=prior, **NORMAL).codes == {"fixed-scale"}
    other = audit(loss, prior=(3.0, 3.0), **NORMAL)
    assert finding(other, "prior").severity == "error"


def test_a_missing_logarithm_is_no_vast_floor():
    loss = lambda x, d, m, s: squares(x, d) + tf.reduce_sum(m**2 + tf.exp(s), -1)  # noqa: E731
    assert "kl-formula" in audit(loss, **NORMAL).codes


def test_half_a_logarithm_is_no_other_prior():
    def loss(x, d, m, s):
        return squares(x, d) + tf.reduce_sum(m**2 + tf.exp(s) - 0.5 * s - 1, -1)

    assert wrong_codes(audit(loss, **NORMAL)) == {"kl-formula"}


def test_the_optimal_scale_is_information():
    def loss(x, d, m, s):
        mse = tf.reduce_mean((x - d) ** 2)
        size = tf.cast(tf.size(x), x.dtype)
        return 0.5 * size * (tf.math.log(mse) + 1) - 0.5 * tf.reduce_sum(1 + s - m**2 - tf.exp(s))

    report = audit(loss, likelihood="normal", event_shape=(6, 5, 3), latent_size=6)
    assert report.codes == {"optimal-scale", "overall-factor"}


def test_a_softly_clipped_optimal_scale_is_information():
    def loss(x, x_hat, mu, logvar):
        log_scale = tf.nn.softplus(0.5 * tf.math.log(tf.reduce_mean((x - x_hat) ** 2)) + 6) - 6
        error = 0.5 * ((x - x_hat) / tf.exp(log_scale)) ** 2 + log_scale + 0.5 * np.log(2 * np.pi)
        return tf.reduce_mean(tf.reduce_sum(error, -1) + kl(mu, logvar))

    assert audit(loss, **NORMAL).codes == {"optimal-scale"}


def test_a_kl_weight_of_zero_can_be_meant():
    def loss(x, d, mu, logvar, beta):
        return squares(x, d) + beta * kl(mu, logvar)

    assert audit(loss, expected_kl_weight=0.0, **NORMAL).codes == {"fixed-scale"}
    full = audit(loss, arguments={"beta": 1.0}, expected_kl_weight=0.0, **NORMAL)
    assert wrong_codes(full) == {"kl-weight"}


def test_the_loss_is_found_in_a_tuple_where_a_floor_hides_the_kl():
    def loss(x, m, s, x_hat):
        error, divergence = cross_entropy(x, x_hat), each_latent(m, s)
        floored = tf.reduce_sum(tf.maximum(divergence, 3.0), -1)
        return tf.reduce_mean(error + floored), error, floored

    report = audit(loss, **SIZES)
    assert report.codes == {"free-bits"}
    assert "max(KL, 3)" in finding(report, "free-bits").evidence
