"""Single losses: fixed sizes, factors, one term, other likelihoods, and what is not finite."""

import keras
import pytest
import tensorflow as tf

from tests.audit.written_losses import cross_entropy, finding, kl
from tfp_vae.audit import audit

D, K = 48, 4
SIZES = {"event_shape": (D,), "latent_size": K}


@pytest.mark.parametrize("batch_size", [1, 16, 100, 128])
def test_a_loss_with_a_fixed_batch_size_is_audited(batch_size):
    def loss(x, p, m, s):
        x = tf.reshape(x, (batch_size, D))
        return tf.reduce_mean(cross_entropy(x, p) + tf.reshape(kl(m, s), [batch_size]))

    report = audit(loss, **SIZES)
    assert report.codes == frozenset()
    assert any("batch size" in note for note in report.not_checked)
    assert "Not checked" in str(report)


def test_a_fixed_batch_size_does_not_hide_a_sum_over_it():
    def loss(x, p, m, s):
        x = tf.reshape(x, (100, D))
        return tf.reduce_sum(cross_entropy(x, p)) + tf.reduce_mean(kl(m, s))

    assert audit(loss, **SIZES).codes == {"batch-reduction"}


def test_fixed_event_and_latent_sizes_do_not_hide_means_over_them():
    def loss(x, p, m, s):
        x, m = tf.ensure_shape(x, (None, D)), tf.ensure_shape(m, (None, K))
        return keras.losses.binary_crossentropy(x, p) + kl(m, s) / K

    report = audit(loss, **SIZES)
    assert report.codes == {"likelihood-reduction", "kl-reduction"}
    assert len(report.not_checked) == 2


def test_a_beta_vae_says_its_beta():
    loss = lambda x, p, m, s: cross_entropy(x, p) + 4.0 * kl(m, s)  # noqa: E731
    assert audit(loss, expected_kl_weight=4.0, **SIZES).codes == frozenset()
    report = audit(loss, **SIZES)
    assert report.codes == {"kl-weight"}
    assert "expected_kl_weight=4" in finding(report, "kl-weight").fix


@pytest.mark.parametrize(
    ("factor", "words"),
    [
        (lambda x: 1.0 / x.shape[1], f"1/{D} (1 / event size)"),
        (lambda x: float(x.shape[0]), "(batch size)"),
        (lambda x: 3.0, "factor 3"),
    ],
)
def test_an_overall_factor_is_named(factor, words):
    report = audit(lambda x, p, m, s: factor(x) * (cross_entropy(x, p) + kl(m, s)), **SIZES)
    assert report.codes == {"overall-factor"}
    assert report.ok
    assert words in report.findings[0].evidence


def test_the_elbo_itself_has_the_wrong_sign():
    report = audit(lambda x, p, m, s: -cross_entropy(x, p) - kl(m, s), **SIZES)
    assert report.codes == {"loss-sign", "unbounded"}


def test_one_encoder_output_has_the_kl_of_unit_scale():
    loss = lambda x, p, m: cross_entropy(x, p) + 0.5 * tf.reduce_sum(m**2, -1)  # noqa: E731
    noise = lambda m: tf.random.normal(tf.shape(m), dtype=m.dtype)  # noqa: E731
    assert audit(loss, lambda m: m + noise(m), **SIZES).codes == frozenset()
    assert audit(loss, lambda m: m + 0.1 * noise(m), **SIZES).codes == {"sampler-noise"}
    wrong = lambda x, p, m: cross_entropy(x, p) + tf.reduce_sum(tf.abs(m), -1)  # noqa: E731
    assert audit(wrong, **SIZES).codes == {"kl-formula"}


def test_a_function_of_one_term_is_a_part():
    for part in (cross_entropy, kl):
        report = audit(part, **SIZES)
        assert report.codes == {"part"}
        assert report.ok


def test_a_loss_without_a_likelihood():
    report = audit(lambda x, p, m, s: kl(m, s), **SIZES)
    assert report.codes == {"likelihood-formula"}
    assert "depends neither" in report.findings[0].evidence


@pytest.mark.parametrize(
    ("loss", "arguments", "hint"),
    [
        (lambda x, p, m, s: cross_entropy(p, x) + kl(m, s), {}, "the data first"),
        (
            lambda x, p, m, s: (
                D * keras.losses.binary_crossentropy(x, p, from_logits=True) + kl(m, s)
            ),
            {},
            "drop from_logits=True",
        ),
        (
            lambda x, p, m, s: cross_entropy(x, p) + kl(m, s),
            {"decoder_output": "logits"},
            "say from_logits=True",
        ),
        (
            lambda x, p, m, s: tf.reduce_sum((x - p) ** 2, -1) + kl(m, s),
            {},
            'likelihood="normal"',
        ),
        (
            lambda x, p, m, s: cross_entropy(x, p) + kl(m, s),
            {"likelihood": "normal"},
            'likelihood="bernoulli"',
        ),
        (
            lambda x, p, m, s: cross_entropy(x, p) + kl(m, s),
            {"likelihood": "continuous_bernoulli"},
            "nearly right",
        ),
        (
            lambda x, p, m, s: -tf.reduce_sum(x * tf.math.log(p + 1e-7), -1) + kl(m, s),
            {},
            "log_prob",
        ),
        (lambda x, p, m, s: keras.losses.huber(x, p) * D + kl(m, s), {"likelihood": "normal"}, "½"),
    ],
)
def test_another_likelihood_is_named_with_its_remedy(loss, arguments, hint):
    report = audit(loss, **SIZES, **arguments)
    assert report.codes == {"likelihood-formula"}
    assert hint in report.findings[0].fix


def test_swapped_encoder_outputs_are_seen():
    report = audit(lambda x, p, m, s: cross_entropy(x, p) + kl(s, m), **SIZES)
    assert report.codes == {"kl-formula"}
    assert "swapped" in report.findings[0].evidence


def test_terms_that_are_multiplied_are_no_negative_elbo():
    report = audit(lambda x, p, m, s: cross_entropy(x, p) * (1.0 + kl(m, s)), **SIZES)
    assert "kl-formula" in report.codes
    assert "not added" in finding(report, "kl-formula").evidence


@pytest.mark.parametrize(
    "loss",
    [
        lambda x, p, m, s: (
            -tf.reduce_sum(x * tf.math.log(p) + (1 - x) * tf.math.log(1 - p), axis=-1) + kl(m, s)
        ),
        # 1 - 1e-10 is 1 in float32, in which networks compute.
        lambda x, p, m, s: cross_entropy_of(tf.clip_by_value(p, 1e-10, 1 - 1e-10), x) + kl(m, s),
        lambda x, p, m, s: cross_entropy(x, p) + kl(m, s) + 0.0 * tf.reduce_sum(tf.exp(s**2)),
    ],
)
def test_nan_and_infinity_within_reach_are_found(loss):
    report = audit(loss, **SIZES)
    assert report.codes == {"not-finite"}
    assert "with" in report.findings[0].evidence


def cross_entropy_of(p, x):
    return -tf.reduce_sum(x * tf.math.log(p) + (1 - x) * tf.math.log(1 - p), axis=-1)


def test_saturated_logits_are_within_reach():
    loss = lambda x, d, m, s: cross_entropy_of(tf.sigmoid(d), x) + kl(m, s)  # noqa: E731
    assert audit(loss, decoder_output="logits", **SIZES).codes == {"not-finite"}


def test_a_loss_that_is_nowhere_finite_is_admitted():
    loss = lambda x, p, m, s: cross_entropy(x, p) + kl(m, tf.math.log(-s))  # noqa: E731
    report = audit(loss, **SIZES)
    assert "not-finite" in report.codes
    assert report.undetermined
