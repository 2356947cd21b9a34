"""Terms of losses as people write them, and what an audit says of them."""

import keras
import tensorflow as tf

D, K = 24, 6
SIZES = {"event_shape": (D,), "latent_size": K}
NORMAL = {"likelihood": "normal", **SIZES}


def kl(m, s):
    return -0.5 * tf.reduce_sum(1 + s - m**2 - tf.exp(s), -1)


def each_latent(m, s):
    return -0.5 * (1 + s - m**2 - tf.exp(s))


def cross_entropy(x, p):
    return tf.reduce_sum(keras.ops.binary_crossentropy(x, p), -1)


def squares(x, d):
    return tf.reduce_sum((x - d) ** 2, -1)


def noise(m):
    return tf.random.normal(tf.shape(m), dtype=m.dtype)


def finding(report, code):
    return next(f for f in report.findings if f.code == code)


def wrong_codes(report):
    return {f.code for f in report.findings if f.severity != "info"}
