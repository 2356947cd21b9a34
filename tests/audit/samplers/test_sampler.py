"""Samplers: faulty noise, and a scale that is not that of the KL."""

import numpy as np
import pytest
import tensorflow as tf

from tests.audit.written_losses import cross_entropy, kl
from tfp_vae.audit import audit

D, K = 48, 4
SIZES = {"event_shape": (D,), "latent_size": K}


def normal(shape, dtype):
    return tf.random.normal(shape, dtype=dtype)


@pytest.mark.parametrize(
    ("sampler", "words"),
    [
        (lambda m, s: m, "adds no noise"),
        (lambda m, s: m + tf.exp(s / 2) * normal([K], m.dtype), "all rows"),
        (lambda m, s: m + tf.exp(s / 2) * normal([m.shape[0], 1], m.dtype), "all latents"),
        (lambda m, s: m + tf.exp(s / 2) * normal([], m.dtype), "all rows"),
        (lambda m, s: m + 0.01 * tf.exp(s / 2) * normal(m.shape, m.dtype), " times the scale"),
        (lambda m, s: m + tf.exp(s / 2) * (normal(m.shape, m.dtype) + 0.2), "shifted by +0."),
        (lambda m, s: 2 * m + tf.exp(s / 2) * normal(m.shape, m.dtype), "its centre moves by"),
        (
            lambda m, s: (
                m + tf.exp(s / 2) * (tf.random.uniform(m.shape, dtype=m.dtype) - 0.5) * 12**0.5
            ),
            "not normal",
        ),
        (
            lambda m, s: (
                m + tf.exp(s / 2) * tf.random.stateless_normal(m.shape, seed=[1, 2], dtype=m.dtype)
            ),
            "the same noise at every call",
        ),
    ],
)
def test_a_faulty_sampler_is_named(sampler, words):
    report = audit(lambda x, p, m, s: cross_entropy(x, p) + kl(m, s), sampler, **SIZES)
    assert report.codes == {"sampler-noise"}
    assert words in report.findings[0].evidence


def test_a_scale_that_is_not_the_kls_is_told_apart_by_its_values():
    def sampler(m, s):
        return m + (0.2 + tf.abs(tf.sin(3 * s))) * normal(m.shape, m.dtype)

    report = audit(lambda x, p, m, s: cross_entropy(x, p) + kl(m, s), sampler, **SIZES)
    assert report.codes == {"scale-mismatch"}
    assert "the sampler's scale of s" in report.findings[0].evidence


def test_a_right_sampler_raises_no_alarm_in_many_draws():
    loss = lambda x, p, m, s: cross_entropy(x, p) + kl(m, s)  # noqa: E731
    sampler = lambda m, s: m + np.exp(s / 2) * np.random.default_rng().normal(size=m.shape)  # noqa: E731
    for _ in range(5):
        assert audit(loss, sampler, **SIZES).codes == frozenset()


def test_a_sampler_of_a_fixed_batch_size_is_read():
    loss = lambda x, p, m, s: cross_entropy(x, p) + kl(m, s)  # noqa: E731
    sampler = lambda m, s: m + s * normal([100, K], m.dtype)  # noqa: E731
    assert audit(loss, sampler, **SIZES).codes == {"scale-mismatch"}
