"""The assertion that a user's own test suite makes of a loss."""

import pytest
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfp_vae.testing import assert_loss_is_negative_elbo

DECLARED = {"decoder_output": "logits", "event_shape": [12], "latent_size": 3}


def kl_divergence(loc, log_variance):
    q = tfd.MultivariateNormalDiag(loc, tf.exp(log_variance / 2))
    return tfd.kl_divergence(q, tfd.MultivariateNormalDiag(tf.zeros_like(loc)))


def negative_elbo(x, logits, loc, log_variance):
    log_likelihood = tfd.Independent(tfd.Bernoulli(logits=logits), 1).log_prob(x)
    return tf.reduce_mean(kl_divergence(loc, log_variance) - log_likelihood)


def test_the_negative_elbo_passes():
    assert_loss_is_negative_elbo(negative_elbo, **DECLARED)


def test_a_wrong_sign_fails_with_the_report():
    def wrong(x, logits, loc, log_variance):
        return negative_elbo(x, logits, loc, log_variance) - 2 * tf.reduce_mean(
            kl_divergence(loc, log_variance)
        )

    with pytest.raises(AssertionError, match="kl-sign"):
        assert_loss_is_negative_elbo(wrong, **DECLARED)


def test_a_sampler_that_reads_the_scale_otherwise_fails():
    def sampler(loc, log_variance):
        return loc + log_variance * tf.random.normal(tf.shape(loc), dtype=loc.dtype)

    with pytest.raises(AssertionError, match="scale-mismatch"):
        assert_loss_is_negative_elbo(negative_elbo, sampler, **DECLARED)
