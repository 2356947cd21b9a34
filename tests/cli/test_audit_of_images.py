"""A model of images is audited without its shape, which its encoder knows.

The layers of mean and logarithm of the variance have no names, and the encoder draws z itself.
"""

import sys

import pytest

MODEL = """
import keras
import tensorflow as tf
from keras import layers, ops


class Sampling(layers.Layer):
    def call(self, inputs):
        mean, log_variance = inputs
        noise = keras.random.normal(ops.shape(mean))
        return mean + ops.exp(0.5 * log_variance) * noise


class ImageVAE(keras.Model):
    def __init__(self):
        super().__init__()
        image = keras.Input((4, 4, 1))
        hidden = layers.Dense(8, "relu")(layers.Flatten()(image))
        mean, log_variance = layers.Dense(2)(hidden), layers.Dense(2)(hidden)
        z = Sampling()([mean, log_variance])
        self.encoder = keras.Model(image, [mean, log_variance, z])
        latents = keras.Input((2,))
        pixels = layers.Dense(16, "sigmoid")(latents)
        self.decoder = keras.Model(latents, layers.Reshape((4, 4, 1))(pixels))

    def train_step(self, x):
        with tf.GradientTape() as tape:
            mean, log_variance, z = self.encoder(x)
            pixels = keras.losses.binary_crossentropy(x, self.decoder(z))
            kl = -0.5 * (1 + log_variance - ops.square(mean) - ops.exp(log_variance))
            loss = ops.mean(ops.sum(pixels, axis=(1, 2))) + ops.mean(kl)
        self.optimizer.apply(tape.gradient(loss, self.trainable_weights))
        return {"loss": loss}


model = ImageVAE()
model.compile("adam")
"""


@pytest.mark.parametrize("named", [[], ["--encoder", "encoder", "--decoder", "decoder"]])
def test_the_shape_is_that_of_the_encoder(tmp_path, run_here, monkeypatch, named):
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "image_models.py").write_text(MODEL)
    done = run_here("audit", "image_models.py:model", *named, cwd=tmp_path)
    sys.modules.pop("image_models", None)
    assert done.returncode == 1, done.stderr
    assert "This loss has 1 mistake." in done.stdout
    assert "ERROR kl-reduction" in done.stdout
