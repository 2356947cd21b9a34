"""Arguments are bound by the names that people give them."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

from tests.audit.written_losses import SIZES, cross_entropy, kl
from tfp_vae.audit import audit
from tfp_vae.audit.calls.argument_names import role_of

tfd = tfp.distributions


def pytorch_order(recon_x, x, mu, logvar):
    return tf.reduce_mean(cross_entropy(x, recon_x) + kl(mu, logvar))


def swapped_order(logvar, mu, x, reconstruction_x):
    return cross_entropy(x, reconstruction_x) + kl(mu, logvar)


def concatenated(y_true, y_pred, encoded):
    return tf.reduce_mean(cross_entropy(y_true, y_pred) + kl(*tf.split(encoded, 2, -1)))


def keyword_only(x, *, x_hat, z_mean, z_log_var):
    return cross_entropy(x, x_hat) + kl(z_mean, z_log_var)


def with_a_weight(recon_x, x, mu, logvar, beta):
    return cross_entropy(x, recon_x) + beta * kl(mu, logvar)


def camel(yTrue, yPred, zMean, zLogVar):  # noqa: N803
    return cross_entropy(yTrue, yPred) + kl(zMean, zLogVar)


@pytest.mark.parametrize(
    "loss", [pytorch_order, swapped_order, concatenated, keyword_only, with_a_weight, camel]
)
def test_arguments_are_bound_by_their_usual_names(loss):
    report = audit(loss, **SIZES)
    assert report.codes == frozenset(), report
    assert "= the decoder's output" in report.binding
    assert report.binding in " ".join(str(report).split())


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("logstd_z", "s"),
        ("z1_log_std", "s"),
        ("encoder_log_variance", "s"),
        ("z1_mu", "mean"),
        ("mean_of", None),
        ("output_logvar", "decoder_log_variance"),
        ("recon_sigma", "decoder_log_variance"),
        ("recon_mu", "decoder_output"),
        ("reconstructed_images", "decoder_output"),
        ("abr_reconstruction", None),
        ("target_image", "x"),
        ("original_data", "x"),
        ("prior_mean", None),
        ("mean_sigma", None),
        ("kl_loss", None),
        ("log_z", None),
        ("x_neg", None),
    ],
)
def test_a_name_of_several_words_is_what_its_words_say(name, role):
    assert role_of(name) == role


def test_a_decoder_of_two_outputs_is_bound_by_names_of_several_words():
    def loss(recon_mu, recon_std, target_image, z1_mu, z1_log_std):
        log_prob = tfd.Normal(recon_mu, recon_std).log_prob(target_image)
        return kl(z1_mu, 2 * z1_log_std) - tf.reduce_sum(log_prob, -1)

    report = audit(loss, likelihood="normal", **SIZES)
    assert report.codes == frozenset(), report


def test_a_term_alone_is_bound_by_its_names():
    def kl_only(z_log_var, z_mean):
        return tf.reduce_mean(kl(z_mean, z_log_var))

    def reconstruction_only(y_pred, y_true):
        return cross_entropy(y_true, y_pred)

    for part in (kl_only, reconstruction_only):
        report = audit(part, **SIZES)
        assert report.codes == {"part"}, report
        assert report.clean


def test_names_and_constants_can_be_given():
    def loss(a, b, c, d, epoch):
        return cross_entropy(b, a) + min(1.0, epoch / 10) * kl(d, c)

    named = {"x": "b", "decoder_output": "a", "mean": "d", "s": "c", "epoch": 10}
    assert audit(loss, arguments=named, **SIZES).codes == frozenset()
    assert audit(loss, arguments={**named, "epoch": 5}, **SIZES).codes == {"kl-weight"}


def test_a_draw_of_z_that_is_not_used_is_no_hindrance():
    def loss(recon_x, x, mu, log_var, z):
        return cross_entropy(x, recon_x) + kl(mu, log_var)

    assert audit(loss, **SIZES).codes == frozenset()
    assert audit(lambda x, x_hat, mu, logvar, z=None: loss(x_hat, x, mu, logvar, z), **SIZES).ok


def test_a_loss_that_raises_for_what_is_no_scale_is_read():
    def loss(x, logits, mu, std):
        if np.min(std) <= 0:
            raise ValueError("a scale must be positive")
        return tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(x, logits), -1) + (
            0.5 * tf.reduce_sum(mu**2 + std**2 - 2 * tf.math.log(std) - 1, -1)
        )

    assert audit(loss, decoder_output="logits", **SIZES).codes == frozenset()
