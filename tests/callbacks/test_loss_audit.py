import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras

from tests.support.hand_written_vae import HandWrittenVAE
from tfp_vae import callbacks

X = (np.random.default_rng(0).random((8, 6)) > 0.5).astype(np.float32)


def fitted(kl_weight, **declaration):
    model = HandWrittenVAE(kl_weight)
    model.compile(optimizer="adam")
    callback = callbacks.LossAudit(X, **declaration)
    history = model.fit(X, epochs=2, verbose=0, callbacks=[callback])
    return model, callback, history


def test_a_right_model_is_trained_without_a_word():
    model, callback, history = fitted(1.0)
    assert callback.report.ok
    assert len(history.history["loss"]) == 2
    assert int(model.optimizer.iterations) == 2


def test_a_loss_without_a_bound_is_stopped_before_the_first_step():
    model = HandWrittenVAE(-1.0)
    model.compile(optimizer="adam")
    callback = callbacks.LossAudit(X)
    with pytest.raises(ValueError, match="no lower bound"):
        model.fit(X, verbose=0, callbacks=[callback])
    assert callback.report.codes >= {"kl-sign", "unbounded"}
    assert int(model.optimizer.iterations) == 0


def test_another_mistake_is_a_warning_and_a_declaration_removes_it():
    with pytest.warns(UserWarning, match="kl-weight"):
        fitted(5.0)
    assert fitted(5.0, expected_kl_weight=5.0)[1].report.ok


def test_a_model_that_cannot_be_read_is_trained_with_a_warning():
    model = keras.Sequential([keras.layers.Dense(6)])
    model.compile(optimizer="adam", loss="mse")
    callback = callbacks.LossAudit(X)
    with pytest.warns(UserWarning, match="was not audited"):
        model.fit(X, X, verbose=0, callbacks=[callback])
    assert callback.report is None


def test_a_declaration_that_fits_no_model_is_a_warning():
    with pytest.warns(UserWarning, match="was not audited: `step` must be"):
        assert fitted(1.0, step="no_such_step")[1].report is None


def tf_keras_model(kl_weight):
    class Model(tf_keras.Model):
        def __init__(self):
            super().__init__()
            self.encoder = tf_keras.layers.Dense(4)
            self.decoder = tf_keras.layers.Dense(6)

        def train_step(self, x):
            with tf.GradientTape() as tape:
                mean, s = tf.split(self.encoder(x), 2, axis=-1)
                d = self.decoder(mean + tf.exp(s / 2) * tf.random.normal(tf.shape(mean)))
                kl = 0.5 * tf.reduce_sum(mean**2 + tf.exp(s) - s - 1, -1)
                loss = tf.reduce_mean(tf.reduce_sum((x - d) ** 2, -1) + kl_weight * kl)
            self.optimizer.minimize(loss, self.trainable_variables, tape=tape)
            return {"loss": loss}

    model = Model()
    model.compile(optimizer="adam")
    return model


def test_a_model_of_tf_keras_is_audited_as_one_of_keras():
    callback = callbacks.LossAudit(X)
    history = tf_keras_model(1.0).fit(X, epochs=2, verbose=0, callbacks=[callback]).history
    assert callback.report.ok
    assert len(history["loss"]) == 2
    model = tf_keras_model(-1.0)
    with pytest.raises(ValueError, match="no lower bound"):
        model.fit(X, verbose=0, callbacks=[callback])
    assert callback.report.codes >= {"kl-sign", "unbounded"}
    assert int(model.optimizer.iterations) == 0
