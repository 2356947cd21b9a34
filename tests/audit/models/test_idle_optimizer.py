import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras

from tfp_vae.audit import audit_model

X = (np.random.default_rng(0).random([6, 8]) > 0.5).astype("float32")


def made(framework):
    """A model with the KL's sign wrong, whose step names its optimizer before the gradient."""

    class Model(framework.Model):
        def __init__(self):
            super().__init__()
            self.z_mean = framework.layers.Dense(2)
            self.z_log_var = framework.layers.Dense(2)
            self.decoder = framework.layers.Dense(8, activation="sigmoid")

        def train_step(self, x):
            with tf.GradientTape() as tape:
                mean, log_var = self.z_mean(x), self.z_log_var(x)
                p = self.decoder(mean + tf.exp(log_var / 2) * tf.random.normal(tf.shape(mean)))
                nll = -tf.reduce_sum(x * tf.math.log(p) + (1 - x) * tf.math.log(1 - p), -1)
                kl = 0.5 * tf.reduce_sum(1 + log_var - mean**2 - tf.exp(log_var), -1)
                loss = tf.reduce_mean(nll + kl)
            variables = self.trainable_variables
            self.optimizer.apply_gradients(
                zip(tape.gradient(loss, variables), variables, strict=True)
            )
            return {"loss": loss}

    return Model()


@pytest.mark.parametrize("framework", [keras, tf_keras], ids=["keras", "tf_keras"])
def test_a_model_that_is_not_compiled_is_read_and_stays_so(framework):
    model = made(framework)
    before = vars(model).get("optimizer", "absent")
    assert "kl-sign" in audit_model(model, X).codes
    assert vars(model).get("optimizer", "absent") == before


def test_the_optimizer_of_a_compiled_model_stays():
    model = made(keras)
    model.compile("adam")
    optimizer = model.optimizer
    assert "kl-sign" in audit_model(model, X).codes
    assert model.optimizer is optimizer
