"""A weight that follows a size is named by that size."""

import keras
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

from tests.audit.written_losses import (
    SIZES,
    D,
    K,
    cross_entropy,
    each_latent,
    finding,
    kl,
    wrong_codes,
)
from tfp_vae.audit import audit

tfd = tfp.distributions


def test_a_batch_size_written_down_is_named_and_can_be_declared():
    def loss(x, d, m, s):
        cross_entropies = tf.nn.sigmoid_cross_entropy_with_logits(x, d)
        return tf.reduce_sum(cross_entropies) / 100 + tf.reduce_mean(kl(m, s))

    report = audit(loss, decoder_output="logits", **SIZES)
    assert report.codes == {"batch-reduction"}
    assert "divided by 100, a batch size written down" in report.findings[0].evidence
    assert "batch_size=100" in report.findings[0].fix
    assert audit(loss, decoder_output="logits", batch_size=100, **SIZES).codes == frozenset()
    assert audit(loss, decoder_output="logits", batch_size=50, **SIZES).codes == {
        "likelihood-weight"
    }


@pytest.mark.parametrize(
    "likelihood",
    [
        lambda x, p: tf.reduce_mean(keras.losses.binary_crossentropy(x, p)) * 30,
        lambda x, p: tf.reduce_sum(keras.losses.binary_crossentropy(x, p), [1, 2]),
    ],
)
def test_a_mean_over_the_colours_alone_is_named(likelihood):
    loss = lambda x, p, m, s: likelihood(x, p) + tf.reduce_mean(kl(m, s))  # noqa: E731
    report = audit(loss, event_shape=(6, 5, 3), latent_size=6)
    assert wrong_codes(report) == {"likelihood-reduction"}
    found = finding(report, "likelihood-reduction")
    assert "1 / number of channels = 0.3333" in found.evidence
    assert "multiply by 3" in found.fix


def test_latents_may_have_axes_of_their_own():
    def loss(x, p, m, s):
        return tf.reduce_mean(cross_entropy(x, p)) + tf.reduce_mean(
            tf.reduce_sum(each_latent(m, s), [1, 2, 3])
        )

    assert audit(loss, event_shape=(D,), latent_size=(2, 3, 4)).codes == frozenset()

    def averaged(x, p, m, s):
        return tf.reduce_mean(cross_entropy(x, p)) + tf.reduce_mean(
            tf.reduce_sum(each_latent(m, s), -1)
        )

    report = audit(averaged, event_shape=(D,), latent_size=(2, 3, 4))
    assert report.codes == {"kl-reduction"}
    assert "size of latent axis 0 · size of latent axis 1" in report.findings[0].evidence


def test_a_number_that_looks_like_an_axis_hides_no_size_that_both_terms_follow():
    def loss(x, d, m, s):
        # 6 is the size of an axis by chance: three squared errors, halved, over 36 values.
        error = 6.0 * 0.5 * tf.reduce_sum((x - d) ** 2, [1, 2, 3])
        return (error + kl(m, s)) / tf.cast(tf.size(x[0]), x.dtype)

    report = audit(loss, likelihood="normal", event_shape=(6, 6, 1), latent_size=K)
    assert report.codes == {"fixed-scale", "overall-factor"}, report


def test_a_number_that_cancels_all_axes_of_the_likelihood_leaves_those_of_the_kl():
    def loss(x, d, m, s):
        error = 36.0 * 0.5 * tf.reduce_mean((x - d) ** 2, [1, 2, 3])
        return error + kl(m, s) / tf.cast(tf.size(x[0]), x.dtype)

    report = audit(loss, likelihood="normal", event_shape=(6, 6, 1), latent_size=K)
    assert wrong_codes(report) == {"kl-reduction"}, report


def test_a_weight_that_could_be_a_batch_size_hides_no_mean_over_the_event():
    def loss(x, d, m, s):
        error = tf.reduce_mean(0.5 * tf.reduce_mean((x - d) ** 2, [1, 2, 3]))
        return error - 0.05 * tf.reduce_sum(kl(m, s))

    report = audit(loss, likelihood="normal", event_shape=(6, 6, 1), latent_size=K)
    assert report.codes >= {"batch-reduction", "likelihood-reduction", "kl-sign"}, report
