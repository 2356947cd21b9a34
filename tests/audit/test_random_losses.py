"""Losses that draw: a sampled KL is read within its error, and too much noise is admitted."""

import pytest
import tensorflow as tf

from tests.audit.written_losses import cross_entropy, kl
from tfp_vae.audit import audit

D, K = 48, 4
SIZES = {"event_shape": (D,), "latent_size": K}


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
