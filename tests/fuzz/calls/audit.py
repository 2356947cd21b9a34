"""The calls that audit losses and models."""

import keras
import tensorflow as tf

import tfp_vae
from tests.fuzz.call import Call
from tests.fuzz.fuzzed_models import DATA


def post_loss(x, decoded, mean, scale):
    cross_entropy = -tf.reduce_sum(
        x * tf.math.log(decoded) + (1.0 - x) * tf.math.log(1.0 - decoded), axis=-1
    )
    kl = 0.5 * tf.reduce_sum(mean**2 + scale**2 - 2.0 * tf.math.log(scale) - 1.0, axis=-1)
    return tf.reduce_mean(cross_entropy + kl)


class _PostModel(keras.Model):
    def __init__(self):
        super().__init__()
        self.encoder = keras.layers.Dense(4)
        self.decoder = keras.layers.Dense(4, activation="sigmoid")

    def train_step(self, x):
        with tf.GradientTape() as tape:
            mean, s = tf.split(self.encoder(x), 2, axis=-1)
            decoded = self.decoder(mean + tf.exp(s / 2.0) * tf.random.normal(tf.shape(mean)))
            cross_entropy = 4.0 * keras.losses.binary_crossentropy(x, decoded)
            kl = 0.5 * tf.reduce_sum(mean**2 + tf.exp(s) - s - 1.0, axis=-1)
            loss = tf.reduce_mean(cross_entropy + kl)
        tape.gradient(loss, self.trainable_variables)
        return {"loss": loss}


def _model_audited(x, **given):
    return tfp_vae.audit_model(_PostModel(), x, **given)


def _tensors_audited(**given):
    x = keras.Input([4])
    mean, s = keras.layers.Dense(2)(x), keras.layers.Dense(2)(x)
    d = keras.layers.Dense(4)(mean)
    kl = 0.5 * keras.ops.sum(mean**2 + keras.ops.exp(s) - s - 1.0, axis=-1)
    loss = keras.ops.sum((x - d) ** 2, axis=-1) + kl
    return tfp_vae.audit_tensors(loss, x=x, decoder_output=d, encoder_outputs=(mean, s), **given)


CALLS = {
    "audit": Call(
        tfp_vae.audit,
        lambda: {"loss": post_loss, "event_shape": (4,), "latent_size": 2, "data": DATA["binary"]},
        tolerance=None,
    ),
    "audit_model": Call(
        _model_audited,
        lambda: {"x": DATA["binary"]},
        of=tfp_vae.audit_model,
        tolerance=None,
        not_fuzzed=("model",),
    ),
    "audit_tensors": Call(
        _tensors_audited,
        lambda: {"likelihood": "normal"},
        of=tfp_vae.audit_tensors,
        tolerance=None,
        not_fuzzed=("loss", "x", "decoder_output", "encoder_outputs", "z"),
    ),
}  # fmt: skip
