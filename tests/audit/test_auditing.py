"""Single cases: random losses, fixed sizes, hints, support, samplers, kinds of arguments."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

from tfp_vae.audit import audit
from tfp_vae.audit.findings import CODES

tfd = tfp.distributions
D, K = 48, 4
SIZES = {"event_shape": (D,), "latent_size": K}


def kl(m, s):
    return 0.5 * tf.reduce_sum(m**2 + tf.exp(s) - s - 1.0, axis=-1)


def cross_entropy(x, p):
    return tf.cast(tf.shape(x)[1], x.dtype) * keras.losses.binary_crossentropy(x, p)


def finding(report, code):
    return next(f for f in report.findings if f.code == code)


# ---------------------------------------------------------------------- random losses


def sampled_kl(m, s):
    noise = tf.random.normal(tf.shape(m), dtype=m.dtype)
    z = m + tf.exp(s / 2) * noise
    return tf.reduce_sum(0.5 * z**2 - 0.5 * noise**2 - s / 2, axis=-1)


@pytest.mark.parametrize(
    ("weight", "codes"),
    [(1.0, set()), (2.0, {"kl-weight"}), (-1.0, {"kl-sign", "unbounded"})],
)
def test_a_sampled_kl_is_read_within_its_error(weight, codes):
    tf.random.set_seed(1)
    report = audit(lambda x, p, m, s: cross_entropy(x, p) + weight * sampled_kl(m, s), **SIZES)
    assert report.codes == codes
    assert report.undetermined == ()
    assert "plus noise" in report.formula


def test_a_sampled_kl_averaged_over_latents_is_found():
    tf.random.set_seed(2)

    def loss(x, p, m, s):
        return tf.reduce_mean(cross_entropy(x, p) + sampled_kl(m, s) / m.shape[1])

    assert audit(loss, event_shape=(D,), latent_size=16).codes == {"kl-reduction"}


def test_a_formula_error_with_noise_is_found():
    tf.random.set_seed(3)

    def loss(x, p, m, s):
        noise = 0.1 * tf.random.normal([tf.shape(x)[0]], dtype=x.dtype)
        wrong = 0.5 * tf.reduce_sum(m**2 + tf.exp(2.0 * s) - s - 1, -1)
        return cross_entropy(x, p) + wrong + noise

    assert audit(loss, **SIZES).codes == {"kl-formula"}


@pytest.mark.parametrize("size", [1e3, 1e6])
def test_hopeless_noise_is_admitted(size):
    tf.random.set_seed(4)

    def loss(x, p, m, s):
        noise = size * tf.random.normal([], dtype=x.dtype)
        return tf.reduce_mean(cross_entropy(x, p) + kl(m, s)) + noise

    report = audit(loss, **SIZES)
    assert report.codes == frozenset()
    assert len(report.undetermined) >= 1
    assert not report.clean
    with pytest.raises(AssertionError, match="noise hides"):
        report.assert_ok()


# ---------------------------------------------------------------------- fixed sizes


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


# ---------------------------------------------------------------------- what is found where


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


# ---------------------------------------------------------------------- data


@pytest.mark.parametrize(
    ("likelihood", "data", "words"),
    [
        ("bernoulli", [[0.0, 1.0], [1.0, 0.0]], None),
        ("bernoulli", [[0.0, 0.5], [1.0, 0.0]], "25.0% of the values lie strictly between"),
        ("bernoulli", [[0, 255]], "from 0 to 255"),
        ("continuous_bernoulli", [[0.0, 0.5]], None),
        ("continuous_bernoulli", [[-0.1, 0.5]], "from -0.1 to 0.5"),
        ("normal", [[-100.0, 100.0]], None),
        ("normal", [[np.nan, 1.0]], "NaN"),
    ],
)
def test_data_are_checked_against_the_support(likelihood, data, words):
    report = audit(
        lambda x, p, m, s: kl(m, s),
        likelihood=likelihood,
        data=data,
        event_shape=(2,),
        latent_size=K,
    )
    assert ("support" in report.codes) == (words is not None)
    if words is not None:
        assert words in finding(report, "support").evidence


# ---------------------------------------------------------------------- samplers


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


# ---------------------------------------------------------------------- the report


def test_the_report_round_trips_through_json():
    report = audit(lambda x, p, m, s: cross_entropy(x, p) - kl(m, s), **SIZES)
    record = json.loads(json.dumps(report.to_dict()))
    assert record["codes"] == sorted(report.codes) == ["kl-sign", "unbounded"]
    assert record["ok"] is False
    assert record["formula"] == report.formula
    assert [f["code"] for f in record["findings"]] == ["kl-sign", "unbounded"]
    assert report.exit_code == 1


def test_the_report_shows_everything_within_100_columns():
    report = audit(
        lambda x, p, m, s: keras.losses.binary_crossentropy(x, p) - kl(m, s) / m.shape[1],
        lambda m, s: m,
        **SIZES,
    )
    text = str(report)
    for found in report.findings:
        assert CODES[found.code] == (found.severity, found.title)
        assert found.code in text
        assert found.evidence[:40] in text
    assert report.corrected_code.splitlines()[0] in text
    assert "tfp_vae.VAE(" in text
    assert f"likelihoods.Bernoulli(event_shape=[{D}])" in text
    assert max(map(len, text.splitlines())) <= 100
    assert [f.severity for f in report.findings] == ["error"] * 4 + ["warning"]


def test_the_same_loss_gets_the_same_report():
    loss = lambda x, p, m, s: cross_entropy(x, p) + kl(m, s) / 3.0  # noqa: E731
    assert str(audit(loss, **SIZES)) == str(audit(loss, **SIZES))
