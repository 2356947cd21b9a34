"""A correction keeps what was right, and is clean when it is audited."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

from tests.audit.written_losses import (
    NORMAL,
    SIZES,
    kl,
)
from tfp_vae.audit import audit

tfd = tfp.distributions


def corrected(report, **names):
    space = {"tf": tf, "tfd": tfd, "np": np, "keras": keras, **names}
    exec(report.corrected_code.split("\n\nz = ")[0], space)
    return space["loss"]


@pytest.mark.parametrize(
    ("loss", "words"),
    [
        (
            lambda x, d, m, s: (
                -tf.reduce_sum(tfd.Normal(d, tf.cast(0.05, d.dtype)).log_prob(x), -1)
                - 0.5 * tf.reduce_mean(1 + s - m**2 - tf.exp(s), -1)
            ),
            "400 · [½ Σ(x - d)²]",
        ),
        (
            lambda x, d, m, s: tf.reduce_mean((x - d) ** 2, -1) + kl(m, s),
            "2 · [½ Σ(x - d)²]",
        ),
    ],
)
def test_a_correction_keeps_the_measured_scale(loss, words):
    report = audit(loss, **NORMAL)
    assert not report.ok
    again = audit(corrected(report), **NORMAL)
    assert again.codes == {"fixed-scale"}
    assert again.formula.startswith(words)


def test_a_correction_keeps_names_floor_and_prior():
    def loss(recon_x, x, mu, logvar):
        each = 0.5 * (math.log(2.0) - logvar + (tf.exp(logvar) + mu**2) / 2.0 - 1)
        return tf.reduce_mean((x - recon_x) ** 2, -1) + tf.reduce_sum(tf.maximum(each, 0.2), -1)

    report = audit(loss, **NORMAL)
    assert "likelihood-reduction" in report.codes
    assert report.corrected_code.startswith("def loss(recon_x, x, mu, logvar):")
    again = audit(corrected(report), prior=(0.0, 2.0), kl_floor=0.2, **NORMAL)
    assert again.codes == {"fixed-scale", "free-bits"}


def test_a_numpy_loss_is_corrected_in_numpy():
    def loss(y_true, y_pred, z_mean, z_log_var):
        each = y_true * np.log(y_pred + 1e-7) + (1 - y_true) * np.log(1 - y_pred + 1e-7)
        return np.mean(-np.sum(each, -1) + np.sum(np.square(z_mean) + np.exp(z_log_var), -1))

    report = audit(loss, **SIZES)
    assert report.codes == {"kl-formula"}
    assert "np.sum(z_mean**2 + np.exp(z_log_var) - z_log_var - 1.0, axis=-1)" in (
        report.corrected_code
    )
    assert audit(corrected(report), **SIZES).codes == frozenset()
