# ruff: noqa: RUF001 - the Greek letter sigma is meant
"""The scale of a posterior is read as any function of the second output."""

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


SCALES = {
    "0.1 + softplus(s)": lambda s: tf.nn.softplus(s) + 0.1,
    "0.1 + 0.9·softplus(s)": lambda s: 0.1 + 0.9 * tf.nn.softplus(s),
    "0.01 + e^(s/2)": lambda s: tf.exp(s / 2) + 0.01,
    "σ² = 0.001 + softplus(s)": lambda s: tf.sqrt(tf.nn.softplus(s) + 1e-3),
    "σ² = 0.01 + eˢ": lambda s: tf.sqrt(tf.exp(s) + 0.01),
    "1.01 + elu(s)": lambda s: tf.nn.elu(s) + 1.01,
    "2·sigmoid(s)": lambda s: 2.0 * tf.sigmoid(s),
    "log σ = -1.5 + 3.5·tanh(s)": lambda s: tf.exp(-1.5 + 3.5 * tf.tanh(s)),
}


@pytest.mark.parametrize("with_sampler", [True, False])
@pytest.mark.parametrize("words", SCALES)
def test_any_scale_is_read_if_the_sampler_has_it_too(words, with_sampler):
    scale = SCALES[words]

    def loss(x, d, m, s):
        prior = tfd.MultivariateNormalDiag(tf.zeros_like(m), tf.ones_like(m))
        divergence = tfd.kl_divergence(tfd.MultivariateNormalDiag(m, scale(s)), prior)
        return tf.reduce_mean(-tf.reduce_sum(tfd.Bernoulli(logits=d).log_prob(x), -1) + divergence)

    sampler = (lambda m, s: m + scale(s) * noise(m)) if with_sampler else None
    report = audit(loss, sampler, decoder_output="logits", **SIZES)
    assert report.codes == frozenset(), report
    assert report.formula.startswith("[Σ softplus(d) - x·d] + [½ Σ(μ² + σ² - log σ² - 1), ")
    assert words.removeprefix("σ² = ").removeprefix("log σ = ") in report.formula


def test_an_unnamed_scale_is_read_by_the_samplers_values():
    def scale(s):
        return 0.2 + tf.nn.softplus(s) ** 1.3 + 0.05 * tf.sin(s)

    def loss(x, p, m, s):
        each = m**2 + scale(s) ** 2 - 2.0 * tf.math.log(scale(s)) - 1.0
        return cross_entropy(x, p) + 0.5 * tf.reduce_sum(each, -1)

    report = audit(loss, lambda m, s: m + scale(s) * noise(m), **SIZES)
    assert report.codes == frozenset(), report
    mismatched = audit(loss, lambda m, s: m + 2.0 * scale(s) * noise(m), **SIZES)
    assert "scale-mismatch" in mismatched.codes or "kl-formula" in mismatched.codes


def test_a_clipped_log_variance_is_read_with_its_limits():
    loss = lambda x, p, m, s: cross_entropy(x, p) + kl(m, tf.clip_by_value(s, -2.0, 2.5))  # noqa: E731
    report = audit(loss, **SIZES)
    assert report.codes == frozenset(), report
    assert "clip(s, -2, 2.5)" in report.formula


def test_a_formula_is_an_exact_fit_or_none():
    def loss(x, d, m, s):
        return squares(x, d) + 0.5 * tf.reduce_sum(m**2 + tf.exp(2 * s) - 1.999 * s - 1, -1)

    report = audit(loss, **NORMAL)
    assert wrong_codes(report) == {"kl-formula"}
    assert "0.9995·Σs" in finding(report, "kl-formula").evidence
    strange = audit(
        lambda x, d, m, s: squares(x, d) + kl(m, s) + 0.05 * tf.reduce_sum(tf.sin(5 * s), -1),
        **NORMAL,
    )
    assert "no exact sum" in finding(strange, "kl-formula").evidence


def test_an_unused_second_output_is_named():
    def loss(x, d, m, s):
        return squares(x, d) + tf.reduce_sum(-m + 0.5 * (-1 + tf.exp(2 * m) + m**2), -1)

    report = audit(loss, **NORMAL)
    assert wrong_codes(report) == {"kl-formula"}
    evidence = finding(report, "kl-formula").evidence
    assert "s is never used" in evidence
    assert "swapped" not in evidence
