"""Three hand-written losses, with their sampler, and the mistake in each."""

import keras
import pytest
import tensorflow as tf

from tfp_vae.audit import audit


def sampler(mean, s):
    return mean + s * tf.random.normal(tf.shape(mean), dtype=mean.dtype)


def attempt_a(x, p, mean, s):
    cross_entropy = tf.reduce_mean(keras.losses.binary_crossentropy(x, p))
    return cross_entropy - 0.5 * tf.reduce_sum(mean**2 + s**2 - tf.math.log(s**2) - 1, axis=-1)


def attempt_b(x, p, mean, s):
    each = x * tf.math.log(p + 1e-7) + (1 - x) * tf.math.log(1 - p + 1e-7)
    return -tf.reduce_sum(each) - 0.5 * tf.reduce_sum(1 + s - mean**2 - tf.exp(s), axis=-1)


def attempt_c(x, p, mean, s):
    cross_entropy = 224 * keras.losses.binary_crossentropy(x, p)
    kl = 0.5 * tf.reduce_sum(mean**2 + tf.exp(s) ** 2 - s - 1, axis=-1)
    return tf.reduce_mean(cross_entropy + kl)


@pytest.mark.parametrize(
    ("loss", "codes"),
    [
        (attempt_a, {"kl-sign", "likelihood-reduction", "unbounded", "batch-mean"}),
        (attempt_b, {"scale-mismatch", "batch-reduction"}),
        (attempt_c, {"kl-formula", "scale-mismatch"}),
    ],
)
def test_each_attempt_gets_its_own_codes(loss, codes):
    report = audit(loss, sampler, event_shape=(224,))
    assert report.codes == codes
    assert not report.ok


@pytest.mark.parametrize(
    ("loss", "codes"),
    [
        (attempt_a, {"kl-sign", "likelihood-reduction", "unbounded", "batch-mean"}),
        (attempt_b, {"batch-reduction"}),
        (attempt_c, {"kl-formula"}),
    ],
)
def test_without_the_sampler_only_the_loss_is_judged(loss, codes):
    assert audit(loss, event_shape=(224,)).codes == codes


def test_the_report_on_a_shows_the_measured_formula_and_the_run_away():
    report = audit(attempt_a, sampler, event_shape=(224,))
    assert report.formula == (
        "1/224 · [Σ -x·log d - (1-x)·log(1-d)] - [½ Σ(μ² + s² - log s² - 1)], "
        "averaged over the batch"
    )
    unbounded = next(f for f in report.findings if f.code == "unbounded")
    assert "-8e+08 at 10000" in unbounded.evidence
    assert "z = mean + s * tf.random.normal(tf.shape(mean))" in report.corrected_code


def test_the_report_on_c_names_the_terms_and_the_right_ones():
    report = audit(attempt_c, sampler, event_shape=(224,))
    formula = next(f for f in report.findings if f.code == "kl-formula")
    assert "0.5·Σμ² - 0.5·Σs + 0.5·Σe²ˢ" in formula.evidence
    assert "½ Σ(μ² + e²ˢ - 2s - 1)" in formula.fix
    mismatch = next(f for f in report.findings if f.code == "scale-mismatch")
    assert "s = log \u03c3" in mismatch.evidence
